import { nameKey } from '../model/names.ts'
import { type ColumnLives, livesAfter } from './column-lives.ts'
import { type DatabaseState, findTable } from './database-state.ts'
import type { MigrationStep } from './migration-step.ts'

/** Which migration knew what of an audited table: names that later migrations change lead from there to today's. */
export interface TableHistory {
  /** The migration that put the triggers on the table last. */
  readonly attached: string
  /** It put them on again: nobody watched until then. */
  readonly isResumed?: true
  /** The migration that made the key's trigger last: with the others, or anew for another key. */
  readonly keyed: string
  /** The migration that named the source table last. */
  readonly named: string
  /** The migration that emitted the table's functions last. */
  readonly emitted: string
  /** By the audit column's name: the migration that named the source column last. */
  readonly columns: ReadonlyMap<string, string>
  readonly lives: ColumnLives
}

/** By `nameKey` of the source. */
export type TableHistories = ReadonlyMap<string, TableHistory>

/**
 * Takes a step of `migration` down in the histories. They are changed in place: a long folder takes thousands of steps.
 *
 * @param after the state after the step
 */
export function recordStep(
  histories: Map<string, TableHistory>,
  step: MigrationStep,
  migration: string,
  after: DatabaseState,
): void {
  switch (step.kind) {
    case 'upgradeSchema':
      for (const { capturing, source } of after.tables) {
        const history = histories.get(nameKey(source))
        if (capturing && history) histories.set(nameKey(source), { ...history, emitted: migration })
      }
      return
    case 'createSchema':
    case 'moveSchema':
    case 'dropSchema':
    case 'changeWaiver':
    case 'unsupported':
    case 'retireTable':
      return
    case 'createAuditTable': {
      const key = nameKey(step.source)
      const before = histories.get(key)
      const columns = new Map(before?.columns)
      for (const { name } of step.table.columns) columns.set(name, migration)
      const lives = livesAfter(before?.lives ?? new Map(), step)
      histories.set(key, { ...attachedBy(migration), columns, lives })
      return
    }
    case 'renameTable': {
      const history = histories.get(nameKey(step.source))
      if (history === undefined) return
      histories.delete(nameKey(step.source))
      histories.set(nameKey(step.to), { ...history, named: migration, emitted: migration })
      return
    }
    case 'resumeTable': {
      // The table that has the name now, whatever had it before, with the columns that it has now.
      const key = nameKey(step.source)
      const before = histories.get(key)
      const columns = new Map(before?.columns)
      for (const { name, retired } of findTable(after, step.source)?.columns ?? [])
        if (!retired) columns.set(name, migration)
      if (before !== undefined)
        histories.set(key, { ...before, ...attachedBy(migration), isResumed: true, columns })
      return
    }
    default: {
      const key = nameKey(step.source)
      const history = histories.get(key)
      if (history === undefined) return
      const isKeyed = makesKey(step, findTable(after, step.source)?.key ?? [])
      const keyed = isKeyed ? migration : history.keyed
      const columns = columnsAfter(history.columns, step, migration)
      const lives = livesAfter(history.lives, step)
      histories.set(key, { ...history, keyed, emitted: migration, columns, lives })
    }
  }
}

function attachedBy(migration: string): Omit<TableHistory, 'columns' | 'lives'> {
  return { attached: migration, keyed: migration, named: migration, emitted: migration }
}

/** The key's trigger names columns and compares them by their type: these steps make it anew. */
export function makesKey(step: MigrationStep, key: readonly string[]): boolean {
  if (step.kind === 'changeKey') return true
  return (step.kind === 'addColumn' || step.kind === 'changeColumn') && key.includes(step.column.name)
}

function columnsAfter(
  before: ReadonlyMap<string, string>,
  step: MigrationStep,
  migration: string,
): ReadonlyMap<string, string> {
  switch (step.kind) {
    case 'addColumn':
    case 'changeColumn':
      return new Map(before).set(step.column.name, migration)
    case 'renameColumn': {
      const after = new Map(before)
      after.delete(step.column)
      return after.set(step.to, migration)
    }
    case 'setAsideColumn': {
      const after = new Map(before)
      after.delete(step.column)
      return after
    }
    default:
      return before
  }
}
