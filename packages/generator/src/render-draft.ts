import type { Draft } from './draft.ts'
import { calledAt, type DraftPlace, sourceOf, stands } from './draft-names.ts'
import { completeDraft, endOf, type Insertion, startOf } from './migration/draft-text.ts'
import type { RefusedDataChange } from './migration/refused-data-changes.ts'
import { nameKey } from './model/names.ts'
import type { SourcePlace } from './model/place.ts'
import type { ColumnChange } from './model/source-database.ts'
import { tablesWithNewKey } from './sql/render-before.ts'
import { renderKeyTriggerAside, renderKeyTriggerBack } from './sql/render-key-trigger.ts'
import { renderFunctions, renderTouch } from './sql/touch-functions.ts'
import { renderAdded } from './state/added-statements.ts'
import type { AuditTableObject, DatabaseState } from './state/database-state.ts'
import type { MigrationPlan } from './state/migration-plan.ts'
import { sourceKey } from './state/source-column.ts'

export interface DraftTexts {
  /** What is to stand before all other statements of the draft; empty where nothing is. */
  readonly before: string
  /** The whole migration.sql: the draft's statements with all that is added to them, and the audit part. */
  readonly file: string
}

/**
 * Puts an audit part into a draft, and among the draft's statements what these need: the settings for its data changes,
 * a key's trigger out of their way, and before a COMMIT of theirs whatever keeps writes going until the audit part.
 *
 * @param refused the draft's data changes that our triggers would refuse
 */
export function renderDraft(draft: Draft, { part, plan, from, refused }: DraftPart): DraftTexts {
  const { text, database } = draft
  const ends = database.last?.transactionEnds ?? []
  const insertions: Insertion[] = []
  const add = (offset: number, why: string, statements: readonly string[]) => {
    const filled = statements.filter((each) => each.trim() !== '')
    if (filled.length === 0) return
    insertions.push({ offset, text: renderAdded(why, filled.map((each) => `${each.trimEnd()}\n`).join('')) })
  }
  // One transaction after the other; the last one ends with the audit part.
  for (let index = 0; index <= ends.length; index += 1) {
    const [opening, closing] = [ends[index - 1], ends[index]]
    const start = opening === undefined ? 0 : endOf(text, opening)
    const isLast = closing === undefined
    const isInside = ({ place }: { readonly place: SourcePlace }) =>
      (opening === undefined || stands(opening, place)) && (isLast || stands(place, closing))
    const contexts = new Set(
      refused.filter(({ change }) => isInside(change)).flatMap(({ statement }) => statement.split('\n')),
    )
    add(start, 'data changes of this migration are made in its name.', [...contexts])
    const changed = changedTables(draft, from, isInside)
    const renewed = isLast ? tablesWithNewKey(plan, { from }) : []
    const aside = changed
      .filter(({ changes, table }) =>
        changes.some(({ column, place }) => sourceKey(calledAt(draft, table, place)).includes(column)),
      )
      .map(({ table }) => table)
      .filter((table) => !renewed.includes(table))
    const why = 'a key changes: its audit trigger makes room, and comes back.'
    const at = (place: DraftPlace) => (table: AuditTableObject) => calledAt(draft, table, place)
    add(start, why, [...renewed, ...aside].map(at(opening ?? 'start')).map(renderKeyTriggerAside))
    const end = isLast ? text.length : startOf(text, closing)
    const back = aside.filter((table) => hasKey(draft, table)).map(at(closing ?? 'end'))
    add(end, 'a key changed: its audit trigger comes back.', back.map(renderKeyTriggerBack))
    if (isLast) continue
    const retyped = changed.filter(({ changes }) => changes.some((change) => change.kind === 'retyped'))
    const functions = from.tables.flatMap((table) => {
      const then = calledAt(draft, table, closing)
      if (table.capturing && isCalledOtherwise(calledAt(draft, table, opening ?? 'start'), then)) {
        return [renderFunctions(then)]
      }
      return retyped.some((each) => each.table === table) ? [renderTouch(table)] : []
    })
    add(end, 'writes go on under the new names and types, until the audit part follows.', functions)
  }
  const before = insertions.filter(({ offset }) => offset === 0).map((each) => each.text)
  return { before: before.join(''), file: completeDraft(text, insertions, part) }
}

interface DraftPart {
  /** The audit part; empty where the draft needs none. */
  readonly part: string
  readonly plan: MigrationPlan
  readonly from: DatabaseState
  readonly refused: readonly RefusedDataChange[]
}

interface ChangedTable {
  readonly table: AuditTableObject
  readonly changes: readonly ColumnChange[]
}

/** Audited tables whose columns a transaction of the draft drops or retypes. */
function changedTables(
  { name, database }: Draft,
  from: DatabaseState,
  isInside: (change: ColumnChange) => boolean,
): readonly ChangedTable[] {
  return from.tables.flatMap((table) => {
    if (!table.capturing) return []
    const changes = (sourceOf(database, table)?.columnChanges ?? []).filter(
      (change) =>
        change.migration === name && change.kind !== 'renamed' && !change.isNaming && isInside(change),
    )
    return changes.length === 0 ? [] : [{ table, changes }]
  })
}

/** A column is gone, or it or its table has another name: functions that know the former ones fail. */
function isCalledOtherwise(before: AuditTableObject, after: AuditTableObject): boolean {
  const names = ({ source, columns }: AuditTableObject) =>
    JSON.stringify([nameKey(source), columns.map(({ name, sourceName }) => [name, sourceName])])
  return names(before) !== names(after)
}

/** The source still has all columns that the key's trigger names. */
function hasKey(draft: Draft, table: AuditTableObject): boolean {
  const then = calledAt(draft, table, 'end')
  const now = draft.database.tables.find((each) => nameKey(each) === nameKey(then.source))
  return sourceKey(then).every((column) => now?.columns.some(({ name }) => name === column) ?? false)
}
