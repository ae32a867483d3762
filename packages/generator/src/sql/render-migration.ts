import { nameKey } from '../model/names.ts'
import { applySteps } from '../state/apply-steps.ts'
import {
  type AuditTableObject,
  compareSources,
  type DatabaseState,
  findTable,
  homeOf,
} from '../state/database-state.ts'
import type { MigrationPlan } from '../state/migration-plan.ts'
import { isSchemaStep, type MigrationStep, type TableStep } from '../state/migration-step.ts'
import { renderPart } from '../state/part-header.ts'
import { stateHash } from '../state/state-hash.ts'
import { renderBaseSchema, renderBaseUpgrade } from './base-schema.ts'
import { checksAdded } from './required-checks.ts'
import { integer, join, literal, paragraphs, qualified, type Sql, sql, sqlText } from './sql.ts'
import { renderTableSection, renderTableSections } from './table-section.ts'

export interface RenderOptions {
  /** The state that the migrations folder builds before this part. */
  readonly from: DatabaseState
  /** How long a statement may wait for a lock, in milliseconds; 5000 unless given. */
  readonly lockTimeout?: number
  /**
   * True where the part is appended to a draft of Prisma's: all in the draft's one transaction. Otherwise each
   * table has a transaction of its own, so that no two live tables are locked at once.
   */
  readonly appended?: boolean
  /** The text that the part is appended to: the header says for which statements it was made. */
  readonly above?: string
}

/**
 * The text of migration.sql, or of the part to append to one: the header with its steps, then a section for
 * the schema and one for each table. Every section is safe to run again.
 *
 * @throws Error for a plan with a hazard of severity `error`: it has no SQL.
 */
export function renderMigration(plan: MigrationPlan, options: RenderOptions): string {
  assertPossible(plan)
  if (plan.steps.length === 0) return ''
  const sections = renderSections(plan.steps, options)
  return renderPart(stateHash(options.from), plan.steps, inTransactions(sections, options), options.above)
}

function renderSections(steps: readonly MigrationStep[], { from, appended }: RenderOptions): readonly Sql[] {
  const to = applySteps(from, steps)
  const isUpgrade = steps.some((step) => step.kind === 'upgradeSchema')
  const tables = groupByTable(steps, from, to)
  const base = steps.map((step) => {
    if (step.kind === 'createSchema') return renderBaseSchema(homeOf(step), step.sqlVersion)
    if (step.kind === 'upgradeSchema' && to.schema) return renderBaseUpgrade(homeOf(to.schema))
    return sql``
  })
  const touched = tables.filter((group) => group.steps.length > 0 || (isUpgrade && group.after.capturing))
  return [paragraphs(base), ...touched.flatMap((group) => renderTable(group, appended === true))]
}

/**
 * New CHECKs come after the functions have been committed: a writer that waits for the audit table's lock in the
 * middle of an old function would break a rule that it could not know, whatever context it has.
 */
function renderTable({ before, steps, after }: TableGroup, appended: boolean): readonly Sql[] {
  const checks = before === undefined ? sql`` : checksAdded(before, after, steps)
  if (appended) return [renderTableSection(before, steps, after, checks)]
  const hasWriters = before?.capturing === true && after.capturing && sqlText(checks) !== ''
  const sections = renderTableSections(before, steps, after)
  return [...sections, hasWriters ? waitForWriters(after) : sql``, checks]
}

/** Whoever may have begun with an old function holds a lock on the source table, taken before the trigger fired. */
function waitForWriters(table: AuditTableObject): Sql {
  return sql`-- Waits for the writers that began with the old functions, and lets the others go on at once.
LOCK TABLE ${qualified(table.source)} IN SHARE MODE;`
}

export interface TableGroup {
  readonly before: AuditTableObject | undefined
  readonly steps: readonly TableStep[]
  readonly after: AuditTableObject
}

/** Every audit table of the state after the steps, with its own steps, in the state's order. */
export function groupByTable(
  steps: readonly MigrationStep[],
  from: DatabaseState,
  to: DatabaseState,
): readonly TableGroup[] {
  const own = new Map<string, TableStep[]>()
  for (const step of steps) {
    if (isSchemaStep(step) || step.kind === 'unsupported') continue
    const key = nameKey(step.source)
    own.set(key, [...(own.get(key) ?? []), step])
  }
  return to.tables
    .toSorted((a, b) => compareSources(a.source, b.source))
    .map((after) => ({
      before: findTable(from, after.source),
      steps: own.get(nameKey(after.source)) ?? [],
      after,
    }))
}

/**
 * A bare COMMIT ends the implicit transaction in which a migration file runs, and the next statement begins
 * another. BEGIN … COMMIT would do so too, but then Prisma hides the error of a statement that fails.
 */
export function inTransactions(sections: readonly Sql[], options: Omit<RenderOptions, 'from'>): string {
  const timeout = literal(`${sqlText(integer(options.lockTimeout ?? 5000))}ms`)
  const settings = sql`SET LOCAL lock_timeout = ${timeout};
SET LOCAL search_path = pg_catalog, pg_temp;`
  const filled = sections.filter((section) => sqlText(section) !== '')
  if (options.appended) {
    const reset = sql`SET LOCAL lock_timeout TO DEFAULT;
SET LOCAL search_path TO DEFAULT;`
    return `${sqlText(paragraphs([settings, ...filled, reset]))}\n`
  }
  const each = filled.map((section) => paragraphs([settings, section]))
  return `${sqlText(join(each, sql`\n\nCOMMIT;\n\n`))}\n`
}

export function assertPossible(plan: MigrationPlan): void {
  const errors = plan.hazards.filter((hazard) => hazard.severity === 'error')
  if (errors.length > 0) throw new Error(errors.map((hazard) => hazard.message).join('\n'))
}
