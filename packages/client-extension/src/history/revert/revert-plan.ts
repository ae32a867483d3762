import { keyEquals, keyList, sameKey, selectCells, selectChanged } from '../cells.ts'
import { changesBetween, toVersion } from '../entry.ts'
import { exactKey } from '../filter.ts'
import { bind, type Fragment, qualified, sql } from '../fragment.ts'
import { AuditHistoryError, type RevertConflict } from '../history-error.ts'
import type { HistoryModel, HistoryModels } from '../history-model.ts'
import { keyFields, keyOf } from '../key.ts'
import { resolveMoment } from '../moment.ts'
import type { Reader, Row } from '../reader.ts'
import { writtenBy } from '../transaction-ref.ts'
import type { Moment, RevertPlan, RevertStep, TransactionRef } from '../types.ts'
import { valueText } from '../value-text.ts'
import { versionsAt } from '../versions-at.ts'
import { skippedFields } from './writable.ts'

export type AnyPlan = RevertPlan<unknown, HistoryModels>
export type AnyStep = RevertStep<unknown, HistoryModels>

/** Which version a row is to have again, and which one it has now as far as the caller knows. */
interface Target {
  readonly seen: string
  readonly target: string | null
}

/**
 * The plan to give one row the version of a moment, or to restore it, or to remove what was not there.
 *
 * @param seen the newest version that the caller has looked at; a later one is a conflict
 */
export async function planRowRevert(
  reader: Reader,
  models: HistoryModels,
  name: string,
  { where, to, seen }: { readonly where: object; readonly to: Moment; readonly seen: bigint },
): Promise<AnyPlan> {
  const model = models[name] as HistoryModel
  const key = exactKey(model, where)
  if (key === undefined) {
    throw new AuditHistoryError('INVALID_ARGUMENT', 'Say which row is to be reverted: by its key.', {
      hint: `The key is ${keyFields(model).join(', ')}.`,
    })
  }
  const until = await resolveMoment(reader, Object.values(models), model, to)
  const found = await versionsAt(reader, model, until, { where, isWrittenOnly: true })
  const target = found.versions[0]
  const row = { seen: valueText('seen', 'BigInt', seen), target: target?.auditId?.toString() ?? null }
  const steps = await toSteps(reader, name, model, [row], keyEquals(model, sql`p`, key))
  const [step] = steps
  if (step === undefined) {
    throw new AuditHistoryError('NOT_FOUND', `The history of this row has no version ${seen}.`)
  }
  const conflicts = found.unknown.length > 0 ? [unknownBefore(name, step.key)] : []
  return { steps: conflicts.length > 0 ? [] : steps.filter(changesSomething), conflicts }
}

/**
 * The plan to take back all that one transaction wrote, or several as one, in whatever tables. What others wrote between them is
 * a conflict.
 */
export async function planTransactionRevert(
  reader: Reader,
  models: HistoryModels,
  transactions: TransactionRef | readonly TransactionRef[],
): Promise<AnyPlan> {
  const steps: AnyStep[] = []
  const conflicts: RevertConflict[] = []
  let isFound = false
  for (const [name, model] of Object.entries(models)) {
    if (model.key.length === 0) continue
    const rows = await reader.ask([model], spansOf(model, transactions))
    isFound ||= rows.length > 0
    const keysOf = async (spans: readonly Row[]) => {
      const targets = spans.map((row): Target => ({ seen: String(row.last_id), target: null }))
      return (await toSteps(reader, name, model, targets)).map(({ key }) => key)
    }
    const unknown = rows.filter((row) => row.first_operation === 'U' && row.before_id === null)
    const mixed = rows.filter((row) => row.is_mixed === true && !unknown.includes(row))
    const targets = rows
      .filter((row) => !unknown.includes(row) && !mixed.includes(row))
      .map((row): Target => ({ seen: String(row.last_id), target: targetOf(row) }))
    conflicts.push(...(await keysOf(unknown)).map((key) => unknownBefore(name, key)))
    conflicts.push(...(await keysOf(mixed)).map((key) => changedBetween(name, key)))
    steps.push(...(await toSteps(reader, name, model, targets)).filter(changesSomething))
  }
  if (!isFound) {
    const ids = [transactions].flat().map(({ id }) => id)
    throw new AuditHistoryError('NOT_FOUND', `The history has no transaction ${ids.join(', ')} of that time.`)
  }
  return { steps, conflicts }
}

/** Of each row that the transaction wrote: its first and last version of it, and the version before. */
function spansOf(model: HistoryModel, transactions: TransactionRef | readonly TransactionRef[]): Fragment {
  const history = qualified(model.audit)
  const key = keyList(model, sql`h`)
  return sql`SELECT span.last_id, f."audit_id" AS first_id, f."audit_operation"::text AS first_operation, before.id AS before_id,
  before.operation AS before_operation, EXISTS (
    SELECT FROM ${history} AS h
    WHERE ${sameKey(model, sql`h`, sql`f`)} AND h."audit_id" > span.first_id AND h."audit_id" < span.last_id
      AND NOT ${writtenBy(transactions)}
  ) AS is_mixed
FROM (
  SELECT min(h."audit_id") AS first_id, max(h."audit_id") AS last_id FROM ${history} AS h
  WHERE ${writtenBy(transactions)} AND h."audit_operation" <> 'B' GROUP BY ${key}
) AS span
JOIN ${history} AS f ON f."audit_id" = span.first_id
LEFT JOIN LATERAL (
  SELECT p."audit_id" AS id, p."audit_operation"::text AS operation FROM ${history} AS p
  WHERE ${sameKey(model, sql`p`, sql`f`)} AND p."audit_id" < f."audit_id" ORDER BY p."audit_id" DESC LIMIT 1
) AS before ON true
ORDER BY span.last_id`
}

/** The version from before the transaction; a `D` holds it itself. An update of a row that was not there gave it its key. */
function targetOf({ first_operation, first_id, before_id, before_operation }: Row): string | null {
  if (first_operation === 'D') return String(first_id)
  return first_operation === 'U' && before_operation !== 'D' ? String(before_id) : null
}

async function toSteps(
  reader: Reader,
  name: string,
  model: HistoryModel,
  targets: readonly Target[],
  condition = sql`true`,
): Promise<readonly AnyStep[]> {
  if (targets.length === 0) return []
  const history = qualified(model.audit)
  const list = (ids: readonly (string | null)[]) =>
    bind(`{${ids.map((id) => id ?? 'NULL').join(',')}}`, 'bigint[]')
  // h is what the row would have, p what it has.
  const rows = await reader.ask(
    [model],
    sql`SELECT p."audit_id" AS seen, p."audit_operation"::text AS seen_operation, h."audit_id" AS target,
  ${selectCells(model, 'h')}, ${selectCells(model, 'p')}, ${selectChanged(model, 'any')}
FROM unnest(${list(targets.map(({ seen }) => seen))}, ${list(targets.map(({ target }) => target))}) WITH ORDINALITY AS pair (seen, target, position)
JOIN ${history} AS p ON p."audit_id" = pair.seen
LEFT JOIN ${history} AS h ON h."audit_id" = pair.target AND ${sameKey(model, sql`h`, sql`p`)}
WHERE ${condition} ORDER BY pair.position`,
  )
  return rows.map((row) => toStep(name, model, row))
}

function toStep(name: string, model: HistoryModel, row: Row): AnyStep {
  const now = toVersion(model, row, 'p')
  const wanted = row.target === null ? null : toVersion(model, row, 'h')
  const isThere = row.seen_operation !== 'D'
  const skipped = wanted === null ? [] : skippedFields(model, { ...wanted.row, ...wanted.other })
  return {
    model: name,
    action: wanted === null ? (isThere ? 'delete' : 'none') : isThere ? 'update' : 'insert',
    key: keyOf(model, now.row, now.other),
    seen: row.seen as bigint,
    target: (row.target as bigint | null) ?? null,
    before: isThere ? now.row : null,
    after: wanted?.row ?? null,
    changes:
      wanted === null || !isThere
        ? []
        : changesBetween(model, row).filter(({ field }) => !skipped.includes(String(field))),
    skipped,
  } as AnyStep
}

function changesSomething({ action, changes }: AnyStep): boolean {
  return action === 'update' ? changes.length > 0 : (action as string) !== 'none'
}

function unknownBefore(model: string, key: RevertConflict['key']): RevertConflict {
  return { model, key, kind: 'unknown before', detail: 'The history does not hold what this row was before.' }
}

function changedBetween(model: string, key: RevertConflict['key']): RevertConflict {
  return {
    model,
    key,
    kind: 'changed since',
    detail: 'Somebody else wrote this row between the transactions that are to be taken back.',
  }
}
