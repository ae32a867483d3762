import { nameKey, type QualifiedName } from '../model/names.ts'
import type { AuditTableObject } from '../state/database-state.ts'
import { type TableStep, unreachable } from '../state/migration-step.ts'
import { replacedBy, replaces } from '../state/replacements.ts'
import { sourceKey } from '../state/source-column.ts'
import type { TableGroup } from '../state/table-group.ts'
import { commentOnColumn, commentOnTable } from './audit-table.ts'
import { renderCaptureFunctions } from './capture-functions.ts'
import { type Cluster, named } from './crossing-names.ts'
import { waitForWriters } from './lock-writers.ts'
import { swapBack, when } from './look-first.ts'
import { renameDown } from './rename-block.ts'
import { isContinued } from './rename-done.ts'
import { renderReplacedLock } from './replaced-table.ts'
import { addChecks, changeRule, checksGone, missingChecks } from './required-checks.ts'
import {
  comment,
  dollarQuoted,
  isFilled,
  lines,
  literal,
  paragraphs,
  qualified,
  type Sql,
  sql,
  sqlText,
} from './sql.ts'
import { renderPrivate } from './table-section.ts'
import {
  renderFiring,
  renderKeyFunctionGone,
  renderKeyTriggerGone,
  renderLevelChange,
  renderTriggersGone,
  renderTriggersIfThere,
  renderTriggersOff,
} from './triggers.ts'

/**
 * Takes the steps of a cluster's tables back, a fragment for each transaction. The sources may still have the names that
 * they have after the migration, or again those from before.
 */
export function renderClusterDown(cluster: Cluster): readonly Sql[] {
  const { groups, crosses } = cluster
  const renames = renameDown(cluster, (group) => lines(columnsDown(group)))
  const backwards = groups.toReversed()
  if (!crosses) {
    return backwards.flatMap((group) => [...tableDown(group, renames), ...checksDown(group)])
  }
  const head = comment('Tables of the audit exchange names: all at once.')
  const made = backwards.filter(({ before }) => before !== undefined)
  const tables = made.map((group) => paragraphs([...tableDown(group, sql``)]))
  return [paragraphs([head, renames, ...tables]), ...made.flatMap(checksDown)]
}

function tableDown(group: TableGroup, renames: Sql): readonly Sql[] {
  const { before, steps, moves, rest, after } = group
  const head = comment(`History of ${sqlText(qualified(after.source))}`)
  if (before === undefined) {
    return [paragraphs([head, commentOnTable({ ...after, capturing: false }), renderTriggersGone(after)])]
  }
  const columns = moves.length > 0 ? [] : columnsDown(group)
  const dropsChecks = moves.length === 0 && isFilled(checksGone(after, before, rest))
  const naming = steps.map((step) => commentDown(step, before))
  const capture = captureDown(group, before)
  const lock = renderReplacedLock(group)
  // As on the way up: no transaction holds the audit table and waits for the source.
  const isSplit = dropsChecks && !isFilled(renames) && dropsOrMakesTriggers(before, steps, after)
  const table = [renames, ...columns, ...naming]
  return isSplit
    ? [paragraphs([head, ...table]), paragraphs([lock, capture])]
    : [paragraphs([head, lock, ...table, capture])]
}

/** The CHECKs of before come when the functions of before are committed, as on the way up. */
function checksDown({ before, renamed, rest, after }: TableGroup): readonly Sql[] {
  if (before === undefined || renamed === undefined) return []
  // A rename changes no setting's place among the others.
  const settings = missingChecks(after, renamed, rest).map(
    (setting) => before.settings[renamed.settings.indexOf(setting)] ?? setting,
  )
  const checks = addChecks(before, settings)
  const hasWriters = before.capturing && after.capturing && isFilled(checks)
  return [hasWriters ? waitForWriters([after, before]) : sql``, checks]
}

const CHANGING: readonly TableStep['kind'][] = ['changeKey', 'changeLevel', 'changeEnableAlways']

function dropsOrMakesTriggers(
  before: AuditTableObject,
  steps: readonly TableStep[],
  after: AuditTableObject,
): boolean {
  return (
    before.capturing !== after.capturing ||
    steps.some((step) => CHANGING.includes(step.kind) || replaces(step))
  )
}

function captureDown(group: TableGroup, before: AuditTableObject): Sql {
  const { steps, after } = group
  /** What the steps brought, under the names that it has had since the renames were taken back. */
  const brought = named(after, before)
  if (!before.capturing) {
    return after.capturing
      ? onEither(group, before, ({ source }) => renderTriggersGone({ ...brought, source }))
      : sql``
  }
  const isKeyOld = after.capturing && steps.some((step) => step.kind === 'changeKey')
  const isFunctionNew =
    !after.capturing || before.level !== after.level || (before.key.length > 0 && after.key.length === 0)
  const makesTriggers = isKeyOld || !after.capturing
  return paragraphs([
    isContinued(group) ? renderTriggersOff({ ...brought, source: after.source }) : sql``,
    renderCaptureFunctions(before),
    isKeyOld ? onEither(group, before, ({ source }) => renderKeyTriggerGone({ ...brought, source })) : sql``,
    isKeyOld && before.key.length === 0 ? renderKeyFunctionGone(brought) : sql``,
    // What was dropped is made with the rights that everybody has by default.
    isFunctionNew ? renderPrivate(before) : sql``,
    after.capturing
      ? onEither(group, before, (source) => renderLevelChange(brought, steps, { ...before, ...source }))
      : sql``,
    after.capturing
      ? onEither(group, before, (source) => renderFiring(steps, { ...before, ...source }))
      : sql``,
    makesTriggers || isContinued(group)
      ? onEither(group, before, (source) => renderTriggersIfThere({ ...before, ...source }))
      : sql``,
  ])
}

/** As the source is called, and the columns of its key. */
type Source = Pick<AuditTableObject, 'source' | 'columns' | 'key'>

/**
 * What is done to the source under the names that it has: those from after the migration, or again those from before.
 * Where another table was made in its place, only the former one is meant, if it is back; where that one was renamed, it
 * is meant under its new name.
 */
function onEither(group: TableGroup, before: AuditTableObject, render: (source: Source) => Sql): Sql {
  const { renamed = before, after } = group
  const replaced = replacedBy(group)
  const { columns, key } = replaced === undefined ? renamed : before
  const [then, now] = [render(before), render({ source: replaced ?? after.source, columns, key })]
  if (!isFilled(then) || sqlText(then) === sqlText(now)) return then
  if (replaced === undefined && isContinued(group)) return when(isThere(before.source), then)
  const [former, latter] = [sourceKey(before), sourceKey({ columns, key })]
  const isRenamedColumn = latter.find((column) => !former.includes(column))
  const isAfter =
    replaced === undefined &&
    nameKey(before.source) === nameKey(after.source) &&
    isRenamedColumn !== undefined
      ? hasColumn(after.source, isRenamedColumn)
      : isThere(replaced ?? after.source)
  const body = sql`BEGIN
  IF ${isAfter} THEN
    ${now}
  ELSE
    ${then}
  END IF;
END`
  return sql`DO ${dollarQuoted(body)};`
}

function isThere(source: QualifiedName): Sql {
  return sql`pg_catalog.to_regclass(${literal(sqlText(qualified(source)))}) IS NOT NULL`
}

function hasColumn(source: QualifiedName, column: string): Sql {
  return sql`EXISTS (
  SELECT FROM pg_catalog.pg_attribute AS a
  WHERE a.attrelid = pg_catalog.to_regclass(${literal(sqlText(qualified(source)))})
    AND a.attname = ${literal(column)}
    AND NOT a.attisdropped
)`
}

/** The steps of columns that came after the renames, and the CHECKs that came with them. */
function columnsDown({ before, renamed, rest, after }: TableGroup): readonly Sql[] {
  if (before === undefined || renamed === undefined) return []
  const steps = rest.toReversed().map((step) => columnDown(step, before))
  return [checksGone(after, named(renamed, before), rest), changeRule(before, rest), ...steps]
}

function commentDown({ kind }: TableStep, before: AuditTableObject): Sql {
  const isSaid = kind === 'retireTable' || kind === 'resumeTable' || kind === 'renameTable'
  return isSaid ? commentOnTable(before) : sql``
}

function columnDown(step: TableStep, before: AuditTableObject): Sql {
  switch (step.kind) {
    case 'addColumn':
      return commentOnColumn(before, step.column.name, true)
    case 'addSetting':
      return commentOnColumn(before, step.setting.column, true)
    case 'retireColumn':
    case 'retireSetting':
      return commentOnColumn(before, step.column, false)
    case 'setAsideColumn':
      return swapBack(before, step.column, step.as)
    case 'createAuditTable':
    case 'changeColumn':
    case 'changeSetting':
    case 'changeMissingSettings':
    case 'changeTruncate':
    case 'changeWaivable':
    case 'changeLevel':
    case 'changeEnableAlways':
    case 'changeBackfill':
    case 'changePartitions':
    case 'changeKey':
    case 'renameColumn':
    case 'renameTable':
    case 'renameObjects':
    case 'retireTable':
    case 'resumeTable':
    case 'replaceFunctions':
      // A wider column holds the narrower values; the rest is in the functions, the triggers and the names.
      return sql``
    default:
      return unreachable(step)
  }
}
