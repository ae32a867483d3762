import { findSqlState } from '../database-error.ts'
import { sameKey } from './cells.ts'
import { bind, comma, type Fragment, ident, join, literal, qualified, sql, statement } from './fragment.ts'
import { AuditHistoryError, type RevertConflict } from './history-error.ts'
import type { HistoryModel, HistoryModels } from './history-model.ts'
import { quotedName } from './quoted-name.ts'
import type { RawClient, Reader, Row } from './reader.ts'
import { revertOrder, type StepGroup } from './revert-order.ts'
import type { AnyPlan } from './revert-plan.ts'
import { PIN_TEXT_FORMS, type Records, recordsOf } from './revert-records.ts'
import type { TransactionRef } from './types.ts'

/** What is used of a client to write. */
export interface WritingClient {
  $transaction<T>(
    work: (tx: RawClient) => Promise<T>,
    options: { readonly timeout?: number; readonly maxWait?: number },
  ): Promise<T>
}

export interface RevertOptions {
  /** How long it may take, in milliseconds; a minute unless told otherwise. */
  readonly timeout?: number
  readonly maxWait?: number
}

/** Errors of PostgreSQL that another step of the plan may do away with: a parent that is not there yet, a value that is taken. */
const LATER = new Set(['23503', '23505', '23001'])

/**
 * Carries out a plan in one transaction of the caller's client: with its rights, its row level security and its audit context.
 * All of it, or nothing.
 *
 * @returns the transaction that did it, which can be reverted in its turn
 * @throws AuditHistoryError `CONFLICT` where a row was written after the version that was seen, or cannot be put back
 */
export async function runRevert(
  client: WritingClient,
  readerOn: (tx: RawClient) => Reader,
  models: HistoryModels,
  plan: AnyPlan,
  { timeout = 60_000, ...options }: RevertOptions = {},
): Promise<TransactionRef> {
  if (plan.conflicts.length > 0) throw conflict(plan.conflicts)
  return client.$transaction(
    async (tx) => {
      await execute(tx, PIN_TEXT_FORMS)
      const reader = readerOn(tx)
      const groups = revertOrder(models, plan.steps)
      const work: Work[] = []
      for (const group of groups) work.push({ ...group, records: await recordsOf(reader, group) })
      await execute(tx, sql`SET CONSTRAINTS ALL DEFERRED`)
      for (const each of work) await lockRows(tx, each)
      // The rows are locked: whoever wrote them before has ended, and nobody writes them now.
      const changed: RevertConflict[] = []
      for (const each of work) changed.push(...(await changedSince(reader, each)))
      if (changed.length > 0) throw conflict(changed)
      await inRounds(tx, work)
      const [own] = await query(
        tx,
        sql`SELECT pg_catalog.pg_current_xact_id()::text::bigint AS id, pg_catalog.now() AS started_at`,
      )
      return { id: own?.id as bigint, startedAt: own?.started_at as Date }
    },
    { timeout, ...options },
  )
}

interface Work extends StepGroup {
  readonly records: Records
}

/** Does what can be done, and tries the rest again after it. */
async function inRounds(tx: RawClient, work: readonly Work[]): Promise<void> {
  let open = work
  while (open.length > 0) {
    const failed: { work: Work; error: unknown }[] = []
    for (const each of open) {
      await execute(tx, sql`SAVEPOINT audit_revert`)
      const error = await write(tx, each).then(
        () => undefined,
        (reason: unknown) => reason ?? new Error('unknown'),
      )
      if (error === undefined) {
        await execute(tx, sql`RELEASE SAVEPOINT audit_revert`)
        continue
      }
      await execute(tx, sql`ROLLBACK TO SAVEPOINT audit_revert`)
      if (!isForLater(error)) throw described(each, error)
      failed.push({ work: each, error })
    }
    const [first] = failed
    if (first !== undefined && failed.length === open.length) throw described(first.work, first.error)
    open = failed.map((each) => each.work)
  }
}

function isForLater(error: unknown): boolean {
  if (error instanceof AuditHistoryError)
    return error.conflicts.some(({ kind }) => kind === 'still referenced')
  return LATER.has(findSqlState(error) ?? '')
}

async function lockRows(tx: RawClient, { action, model, records }: Work): Promise<void> {
  if (action === 'insert') return
  await query(
    tx,
    sql`SELECT true AS locked FROM ${qualified(model.source)} AS t JOIN ${records.rows} AS r ON ${records.isRow}
ORDER BY ${records.key} FOR UPDATE OF t`,
  )
}

/** Rows of the plan whose newest version is not the one that was seen. */
async function changedSince(
  reader: Reader,
  { name, model, steps }: Work,
): Promise<readonly RevertConflict[]> {
  const history = qualified(model.audit)
  const ids = bind(`{${steps.map(({ seen }) => seen).join(',')}}`, 'bigint[]')
  const rows = await reader.ask(
    [model],
    sql`SELECT s."audit_id" AS seen FROM ${history} AS s
WHERE s."audit_id" = ANY (${ids}) AND EXISTS (
  SELECT FROM ${history} AS h WHERE ${sameKey(model, sql`h`, sql`s`)} AND h."audit_id" > s."audit_id"
)`,
  )
  const changed = new Set(rows.map(({ seen }) => String(seen)))
  return steps
    .filter(({ seen }) => changed.has(String(seen)))
    .map(({ key }) => ({
      model: name,
      key,
      kind: 'changed since',
      detail: 'Somebody wrote this row after the version that was seen.',
    }))
}

async function write(tx: RawClient, work: Work): Promise<void> {
  const { action, model, records, steps } = work
  const table = qualified(model.source)
  if (action === 'delete') await assertUnreferenced(tx, work)
  const columns = join(
    records.columns.map((column) => ident(column)),
    comma,
  )
  const values = join(
    records.columns.map((column) => sql`r.${ident(column)}`),
    comma,
  )
  const count = await execute(
    tx,
    action === 'insert'
      ? sql`INSERT INTO ${table} (${columns}) OVERRIDING SYSTEM VALUE SELECT ${values} FROM ${records.rows} AS r`
      : action === 'delete'
        ? sql`DELETE FROM ${table} AS t USING ${records.rows} AS r WHERE ${records.isRow}`
        : sql`UPDATE ${table} AS t SET ${assignments(records.columns)} FROM ${records.rows} AS r WHERE ${records.isRow}`,
  )
  if (count === steps.length) return
  throw conflict(
    steps.map(({ key }) => ({
      model: work.name,
      key,
      kind: action === 'insert' ? 'there' : 'gone',
      detail: `Of ${steps.length} rows ${count} could be written by this role.`,
    })),
  )
}

function assignments(columns: readonly string[]): Fragment {
  return join(
    columns.map((column) => sql`${ident(column)} = r.${ident(column)}`),
    comma,
  )
}

/** A delete must not take along, or change, rows that are no part of the plan. */
async function assertUnreferenced(tx: RawClient, { name, model, records, steps }: Work): Promise<void> {
  const source = literal(quotedName(model.source))
  const keys = await query(
    tx,
    sql`SELECT n.nspname AS schema, c.relname AS table, pair.own, pair.other
FROM pg_catalog.pg_constraint AS f
JOIN pg_catalog.pg_class AS c ON c.oid = f.conrelid
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
CROSS JOIN LATERAL (
  SELECT array_agg(o.attname::text ORDER BY u.position) AS own, array_agg(t.attname::text ORDER BY u.position) AS other
  FROM unnest(f.conkey, f.confkey) WITH ORDINALITY AS u (own, other, position)
  JOIN pg_catalog.pg_attribute AS o ON o.attrelid = f.conrelid AND o.attnum = u.own
  JOIN pg_catalog.pg_attribute AS t ON t.attrelid = f.confrelid AND t.attnum = u.other
) AS pair
WHERE f.contype = 'f' AND f.confrelid = pg_catalog.to_regclass(${source}) AND f.confdeltype IN ('c', 'n', 'd')
  AND f.conparentid = 0`,
  )
  for (const key of keys) {
    const table = { schema: String(key.schema), name: String(key.table) }
    const pairs = (key.own as readonly string[]).map(
      (own, index) => sql`c.${ident(own)} = t.${ident((key.other as readonly string[])[index] ?? '')}`,
    )
    const [found] = await query(
      tx,
      sql`SELECT EXISTS (
  SELECT FROM ${qualified(model.source)} AS t JOIN ${records.rows} AS r ON ${records.isRow}
  JOIN ${qualified(table)} AS c ON ${join(pairs, sql` AND `)}${
    isItself(model, table)
      ? sql` WHERE NOT EXISTS (
    SELECT FROM ${records.rows} AS r WHERE ${records.isRowOf('c')}
  )`
      : sql``
  }
) AS referenced`,
    )
    if (found?.referenced === true) {
      throw conflict(
        steps.map((step) => ({
          model: name,
          key: step.key,
          kind: 'still referenced',
          detail: `Rows of ${table.name} point to it, or to another row that is to be deleted with it.`,
        })),
      )
    }
  }
}

function isItself({ source }: HistoryModel, { schema, name }: { schema: string; name: string }): boolean {
  return source.schema === schema && source.name === name
}

/** What PostgreSQL says of a step that cannot be done, in the words of a conflict. */
function described({ name, steps }: Work, error: unknown): unknown {
  const kinds: Readonly<Record<string, RevertConflict['kind']>> = {
    '23502': 'not recorded',
    '23503': 'still referenced',
    '23001': 'still referenced',
    '23505': 'there',
  }
  const kind = kinds[findSqlState(error) ?? '']
  if (kind === undefined) return error
  const detail = error instanceof Error ? error.message : String(error)
  return conflict(
    steps.map(({ key }) => ({ model: name, key, kind, detail })),
    error,
  )
}

function conflict(conflicts: readonly RevertConflict[], cause?: unknown): AuditHistoryError {
  const [first] = conflicts
  const more = conflicts.length > 1 ? ` and ${conflicts.length - 1} more` : ''
  return new AuditHistoryError(
    'CONFLICT',
    `Nothing was reverted: ${first?.model} ${JSON.stringify(first?.key, (_, part) => (typeof part === 'bigint' ? String(part) : part))}${more}: ${first?.kind}.`,
    { conflicts, cause, hint: 'Make a new plan from the versions that are there now.' },
  )
}

async function query(tx: RawClient, fragment: Fragment): Promise<readonly Row[]> {
  const { text, values } = statement(fragment)
  return (await tx.$queryRawUnsafe(text, ...values)) as readonly Row[]
}

async function execute(tx: RawClient, fragment: Fragment): Promise<number> {
  const { text, values } = statement(fragment)
  return (await tx.$executeRawUnsafe(text, ...values)) as number
}
