import type pg from 'pg'
import type { AuditModel } from '../../packages/generator/src/model/audit-model.ts'
import { auditTable, writeAndCompare } from './audited-writes.ts'
import { readTables } from './catalog.ts'
import type { DraftedStep, Step } from './changes.ts'
import type { Migration } from './compiler.ts'
import { FULL_CONTEXT, inContext } from './context.ts'
import { foldDifference } from './fold.ts'
import { type Identities, movedIdentities, readIdentities } from './identities.ts'
import { leaveLabels } from './leave-labels.ts'
import { lostHistory, rememberHistory } from './remembered-history.ts'
import { touchRows } from './statements.ts'
import { type FailedWrite, isConcerned, startTraffic, writeEverywhere } from './traffic.ts'
import { truncationProblems } from './truncation.ts'
import { beginsAnew, exchangedColumns, takesOtherValues, unaffectedColumns } from './unaffected.ts'
import { valuedColumns, type World } from './world.ts'
import type { WrittenStep } from './write-step.ts'

/** A database with its application: connections that stay open over all migrations. */
export interface Deployment {
  readonly migrator: pg.ClientBase
  /** They write, one after the other. */
  readonly writers: readonly pg.ClientBase[]
  /** They write while a migration runs. */
  readonly traffic: readonly pg.ClientBase[]
}

/** What is known of a deployment after a step. */
export interface Known {
  readonly world: World
  readonly identities: Identities
  /** Per model: the audit_id after which its history tells of every row that is alive. */
  readonly since: ReadonlyMap<number, string>
  readonly turn: number
}

/** Errors that the documentation announces for writes between Prisma's file and the audit part. */
const ANNOUNCED = ['42703', '42804', 'XX000']
/** Where a column's name goes to another column, the old function meets values that do not fit the old type. */
const ANNOUNCED_OF_OTHER_VALUES = [...ANNOUNCED, '42846', '22001', '22003', '22P02']

/** Applies a step's files as a deploy does, with the writes that a deploy lets in. */
export async function deployStep(
  { migrator, writers, traffic }: Deployment,
  { world: before, turn }: Known,
  draft: DraftedStep,
  { mode, traffic: hasTraffic }: Step,
  files: readonly Migration[],
): Promise<readonly string[]> {
  await leaveLabels(migrator, before, draft.leaving)
  const history = await rememberHistory(migrator)
  const after = draft.target
  const running = hasTraffic ? startTraffic(traffic, before, after, turn * 10_000) : undefined
  const failed: FailedWrite[] = []
  try {
    for (const [index, file] of files.entries()) {
      await migrator.query(file.text).catch((error: unknown) => {
        throw new Error(`${file.name} fails: ${String(error)}\n${file.text}`)
      })
      if (index < files.length - 1) {
        failed.push(...(await writeEverywhere(writers, before, after, turn * 10_000 + 5_000)))
      }
    }
  } finally {
    if (running) failed.push(...(await running.stop()))
  }
  const unexpected = failed.filter(({ model, code }) => {
    const announced = takesOtherValues(before, after, model) ? ANNOUNCED_OF_OTHER_VALUES : ANNOUNCED
    return mode === 'wrapper' || !announced.includes(code) || !isConcerned(before, after, model)
  })
  return [
    ...new Set(
      unexpected.map(({ model, code, message }) => `a write to ${model.table} failed: ${code} ${message}`),
    ),
    ...(await lostHistory(migrator, history)),
  ]
}

/** All that has to hold once a step is applied. Gives what is known for the next one. */
export async function checkDeployment(
  { migrator, writers }: Deployment,
  known: Known,
  draft: DraftedStep,
  { mode }: Step,
  { compiled }: WrittenStep,
): Promise<{ readonly known: Known; readonly problems: readonly string[] }> {
  const world = draft.target
  const { model: audit } = compiled
  const turn = known.turn + 1
  const problems: string[] = []
  if (compiled.migration !== undefined) problems.push(`a second compilation writes ${compiled.migration.sql}`)
  for (const { source, reason } of compiled.waiting) {
    problems.push(`${source.name} waits: ${JSON.stringify(reason)}`)
  }
  problems.push(...(await folderDifference(migrator, compiled, audit)))
  const identities = await readIdentities(migrator, world, audit)
  problems.push(...movedIdentities(known.identities, identities))
  if (problems.length > 0) return { known, problems }

  const since = new Map<number, string>()
  for (const model of world.models) {
    const table = audit.tables.find((each) => each.model === `Model${model.id}`)
    const start = known.since.get(model.id)
    const exchanged = exchangedColumns(known.world, world, model)
    // Until the audit part follows, rows are recorded under another one's key.
    const isKeyExchanged = mode === 'plain' && model.key.some((id) => exchanged.has(id))
    if (table && start !== undefined && !isKeyExchanged && !beginsAnew(known.world, model)) {
      const columns = unaffectedColumns(known.world, draft.base, world, model).filter(
        ({ id }) => mode === 'wrapper' || !exchanged.has(id),
      )
      problems.push(...(await foldDifference(migrator, audit, table, model, columns, start)))
      since.set(model.id, start)
    } else if (table) since.set(model.id, await lastId(migrator, audit, table.names.table))
    for (const writer of writers) {
      const touch = touchRows(world, model, model.columns.slice(0, 1))
      await inContext(writer, FULL_CONTEXT, () => writer.query(touch))
    }
    problems.push(...(await writeAndCompare(writers, world, model, audit, turn)))
    const from = since.get(model.id)
    if (!table || from === undefined) continue
    problems.push(...(await foldDifference(migrator, audit, table, model, valuedColumns(model), from)))
    const writer = writers[turn % writers.length] ?? migrator
    problems.push(...(await truncationProblems(writer, audit, table, model)))
  }
  return { known: { world, identities, since, turn }, problems }
}

async function lastId(client: pg.ClientBase, audit: AuditModel, name: string): Promise<string> {
  const table = audit.tables.find(({ names }) => names.table === name)
  if (!table) return '0'
  const { rows } = await client.query<{ last: string }>(
    `SELECT coalesce(max(audit_id), 0)::text AS last FROM ${auditTable(audit, table)}`,
  )
  return rows[0]?.last ?? '0'
}

/** What the compiler reads in the folder, against what the folder made. */
async function folderDifference(
  client: pg.ClientBase,
  { database, recorded }: WrittenStep['compiled'],
  { auditSchema }: AuditModel,
): Promise<readonly string[]> {
  // Where nothing is audited any more, the history stays where it was.
  const real = await readTables(client, [auditSchema, recorded.schema?.name ?? auditSchema])
  const read = database.tables
    .map(({ schema, name, columns, primaryKey }) => ({
      table: `${schema}.${name}`,
      columns: columns
        .map((column) => [column.name, column.type, column.notNull] as const)
        .toSorted(([a], [b]) => (a < b ? -1 : 1)),
      primaryKey,
    }))
    .toSorted((a, b) => (a.table < b.table ? -1 : 1))
  const text = (tables: readonly object[]) => tables.map((table) => JSON.stringify(table)).join('\n')
  return text(real) === text(read) ? [] : [`the folder is read as\n${text(read)}\nbut made\n${text(real)}`]
}
