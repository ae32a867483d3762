import { nameKey, type QualifiedName } from '../model/names.ts'
import type { Interference } from '../model/source-database.ts'
import { applySteps } from './apply-steps.ts'
import {
  type AuditSchemaObject,
  type AuditTableObject,
  type DatabaseState,
  EMPTY_STATE,
} from './database-state.ts'
import { type MigrationStep, stepSource } from './migration-step.ts'
import { type AuditPart, parseHeaders } from './part-header.ts'
import { stateHash } from './state-hash.ts'
import { recordStep, type TableHistories, type TableHistory } from './table-history.ts'
import { changeWaiver } from './waiver.ts'

/** A migration file: the name of its directory and its text. */
export interface PartFile {
  readonly migration: string
  readonly text: string
}

export type FoldProblem =
  /** A header that cannot be read: an error, for the state is then not known. */
  | {
      readonly kind: 'unreadable'
      readonly migration: string
      readonly line: number
      readonly message: string
    }
  /**
   * A part that starts from another state than the one before it: two branches met, or a file went away.
   * `tables`: those that both sides changed, whose functions must be emitted anew (see `mergeSteps`).
   */
  | {
      readonly kind: 'diverged'
      readonly migration: string
      readonly line: number
      readonly message: string
      readonly tables: readonly QualifiedName[]
      /** Both sides said who may waive capture. */
      readonly waiver?: true
    }

/** An audit table that a migration of the application's dropped, alone or with the audit schema, and no part made anew. */
export interface LostTable {
  readonly interference: Interference
  readonly table: AuditTableObject
}

interface Taken {
  /** The hash before the part. */
  readonly hash: string
  readonly part: AuditPart
}

/**
 * The state that the folder's audit parts build, in folder order; two branches fold to their union.
 *
 * @param interferences what the application's own statements, which stand above a file's audit part, do to our objects
 */
export function foldParts(
  files: readonly PartFile[],
  interferences: readonly Interference[] = [],
): {
  readonly state: DatabaseState
  readonly problems: readonly FoldProblem[]
  readonly histories: TableHistories
  readonly lost: readonly LostTable[]
} {
  const histories = new Map<string, TableHistory>()
  let state = EMPTY_STATE
  let problems: FoldProblem[] = []
  let lost: readonly LostTable[] = []
  const taken: Taken[] = []
  for (const { migration, text } of files) {
    for (const interference of interferences) {
      if (interference.migration !== migration) continue
      const gone = state.tables.filter((table) => isDropped(table, interference))
      lost = [...lost, ...gone.map((table) => ({ interference, table }))]
      state = withoutDropped(state, interference)
    }
    if (!text.includes('-- prisma-generator-audit ')) continue
    const { parts, problems: unreadable } = parseHeaders(text)
    problems.push(...unreadable.map((problem) => ({ kind: 'unreadable' as const, migration, ...problem })))
    for (const part of parts) {
      const hash = stateHash(state)
      if (part.from === hash) problems = settle(problems, part)
      else problems.push(divergence(migration, part, hash, taken))
      taken.push({ hash, part })
      for (const step of part.steps) {
        state = applySteps(state, [step])
        recordStep(histories, step, migration, state)
        if (step.kind !== 'createAuditTable') continue
        lost = lost.filter(({ table }) => nameKey(table.source) !== nameKey(step.source))
      }
    }
  }
  return { state, problems, histories, lost }
}

function isDropped({ schema, names }: AuditTableObject, { kind, target }: Interference): boolean {
  if (kind === 'schema dropped') return target.name === schema
  return kind === 'audit table dropped' && target.schema === schema && target.name === names.table
}

function withoutDropped(state: DatabaseState, interference: Interference): DatabaseState {
  const tables = state.tables.filter((table) => !isDropped(table, interference))
  const isSchemaGone =
    interference.kind === 'schema dropped' && interference.target.name === state.schema?.name
  if (!isSchemaGone && tables.length === state.tables.length) return state
  return { schema: isSchemaGone ? undefined : state.schema, tables }
}

/**
 * The steps of a merge part: the functions that both branches emitted, from the union of their columns.
 *
 * @param schema as the folder leaves it
 */
export function mergeSteps(
  problems: readonly FoldProblem[],
  schema?: AuditSchemaObject,
): readonly MigrationStep[] {
  const isWaiverUnclear = problems.some((problem) => problem.kind === 'diverged' && problem.waiver)
  const waiver = schema && isWaiverUnclear ? [changeWaiver(schema, schema.waiverRole)] : []
  const tables = new Map(
    problems
      .flatMap((problem) => (problem.kind === 'diverged' ? problem.tables : []))
      .map((table) => [nameKey(table), table]),
  )
  const functions = [...tables.keys()].sort().flatMap((key) => {
    const source = tables.get(key)
    return source === undefined
      ? []
      : [{ kind: 'replaceFunctions' as const, source, reason: 'branches met' as const }]
  })
  return [...waiver, ...functions]
}

function divergence(migration: string, part: AuditPart, hash: string, taken: readonly Taken[]): FoldProblem {
  const start = taken.findLastIndex((each) => each.hash === part.from)
  // Without a common start nothing is known of the other side: all that the part touches is suspect.
  const other = start === -1 ? undefined : touched(taken.slice(start).map((each) => each.part))
  const own = touched([part])
  const isOther = start === -1 || taken.slice(start).some((each) => changesWaiver(each.part))
  const waiver = isOther && changesWaiver(part) ? ({ waiver: true } as const) : {}
  const tables = [...own].filter(([key]) => other === undefined || other.has(key)).map(([, table]) => table)
  const message =
    start === -1
      ? `its audit part starts from state ${part.from}, which no earlier migration leaves (they leave ${hash}): a migration is missing or was edited`
      : `its audit part starts from state ${part.from}, but the migrations before it leave ${hash}: two branches were merged`
  return { kind: 'diverged', migration, line: part.line, message, tables, ...waiver }
}

/** A later part that starts from the fold knows both branches: the functions that it emits are right again. */
function settle(problems: readonly FoldProblem[], part: AuditPart): FoldProblem[] {
  const emitted = touched([part])
  return problems.flatMap((problem): FoldProblem[] => {
    if (problem.kind !== 'diverged') return [problem]
    const tables = problem.tables.filter((table) => !emitted.has(nameKey(table)))
    const { waiver, ...rest } = problem
    const isUnclear = waiver && !changesWaiver(part)
    if (tables.length === 0 && !isUnclear) return []
    return [{ ...rest, tables, ...(isUnclear ? { waiver } : {}) }]
  })
}

function changesWaiver({ steps }: AuditPart): boolean {
  return steps.some(({ kind }) => kind === 'changeWaiver')
}

function touched(parts: readonly AuditPart[]): ReadonlyMap<string, QualifiedName> {
  const sources = parts.flatMap((part) => part.steps.map(stepSource))
  return new Map(
    sources.flatMap((source) => (source === undefined ? [] : [[nameKey(source), source] as const])),
  )
}
