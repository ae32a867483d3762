import type { AuditedTable } from '../model/audit-model.ts'
import { nameKey } from '../model/names.ts'
import { hashKeyName, makeHashKeyOf } from '../sql/hash-key-table.ts'
import type { OpenPause } from '../sql/pause-table.ts'
import { enableTrigger, giveTable, quoted } from '../sql/repair-statements.ts'
import { sqlText } from '../sql/sql.ts'
import { triggersOf, triggerText } from '../sql/trigger-definitions.ts'
import { functionNames } from '../sql/triggers.ts'
import type { AuditTableObject } from '../state/database-state.ts'
import { formatType } from '../state/format-type.ts'
import { compareChecks, compareDetails, compareFacts, compareNumbers } from './compare-details.ts'
import { compareFunction, type FunctionsThere } from './compare-functions.ts'
import { compareGuard } from './compare-guard.ts'
import { comparePartitions, partitionsOf } from './compare-partitions.ts'
import { compareOwner, compareWriters } from './compare-rights.ts'
import { compareSequences } from './compare-sequences.ts'
import { compareTrigger, firing } from './compare-trigger.ts'
import {
  type Finding,
  type HistorySize,
  type HistoryStatus,
  mendedBy,
  WORST_FIRST,
} from './installation-status.ts'
import type { LiveDatabase, LiveHistory } from './live-database.ts'

/** In seconds. */
const HOUR = 60 * 60
const DAY = 24 * HOUR

/** Holds what a database has of one audited table against what the migrations made. */
export function compareHistory(
  table: AuditTableObject,
  model: AuditedTable['model'],
  live: LiveDatabase,
  functions: FunctionsThere,
): HistoryStatus {
  const { source, schema, names } = table
  const history = { schema, name: names.table }
  const found = live.histories.find(({ name }) => name === names.table)
  const details = live.details.find(({ name }) => name === names.table)
  const findings = [
    ...live.pauses.filter(({ history: of }) => of === names.table).map((pause) => pauseOf(table, pause)),
    ...compareTable(table, found, functions),
    ...compareSequences(history, live),
    ...(found === undefined ? [] : compareFacts(history, found.columns)),
    ...(details === undefined
      ? []
      : [
          ...compareDetails(history, details),
          ...compareNumbers(history, details),
          ...compareChecks(table, details, functions.isBehind),
        ]),
    ...functionNames(table).flatMap((name) => compareFunction(functions, name)),
    ...compareTriggers(table, live, functions),
    ...(found === undefined ? [] : compareGuard(table, live.triggers, functions)),
    ...(found === undefined ? [] : comparePartitions(table, found, live.triggers, functions)),
  ]
  const retired = new Set([
    ...table.columns.filter(({ retired: is }) => is).map(({ name }) => name),
    ...table.settings.filter(({ retired: is }) => is).map(({ column }) => column),
  ])
  return {
    model,
    source,
    history,
    state: WORST_FIRST.find((state) => findings.some((finding) => finding.state === state)) ?? 'installed',
    findings,
    size: found && sizeOf(found),
    retiredColumns: (found?.columns ?? [])
      .filter(({ name }) => retired.has(name))
      .map(({ name, bytes }) => ({ name, bytes })),
    lacking: found?.ends?.lacking ?? {},
    partitions: found && partitionsOf(table, found),
  }
}

function pauseOf({ source }: AuditTableObject, { pausedAt, pausedBy, reason }: OpenPause): Finding {
  return {
    state: 'disabled',
    object: `capture of ${quoted(source)}`,
    message: `is paused since ${pausedAt} by ${pausedBy}: ${reason}`,
    hint: 'npx prisma-generator-audit resume',
    isForPeople: true,
  }
}

function compareTable(
  table: AuditTableObject,
  found: LiveHistory | undefined,
  { owner, remedy }: FunctionsThere,
): readonly Finding[] {
  const name = { schema: table.schema, name: table.names.table }
  const object = `table ${quoted(name)}`
  if (found === undefined) return [{ state: 'missing', object, message: 'is not there', hint: remedy }]
  const findings: Finding[] = []
  const there = new Map(found.columns.map((column) => [column.name, column.type]))
  const wanted = [
    ...table.settings.map(({ column, type, retired }) => ({ name: column, type, retired })),
    ...table.columns,
  ]
  for (const column of wanted) {
    const type = there.get(column.name)
    const is = `column "${column.name}" of ${object}`
    if (type === undefined) {
      const hint = column.retired ? 'Its values are gone; only a backup has them.' : remedy
      findings.push({ state: 'missing', object: is, message: 'is not there', hint })
    } else if (!column.retired && type !== formatType(column.type)) {
      const message = `is ${type}, and not ${formatType(column.type)}`
      findings.push({ state: 'outdated', object: is, message, hint: remedy })
    }
  }
  findings.push(...found.unkeyed.map((column) => keyOf(table, column)))
  findings.push(
    ...compareOwner(object, found.owner, owner, giveTable(name, owner), 'others'),
    ...compareWriters(name, found.grants),
  )
  return findings
}

/** The next write makes one, without an error. */
function keyOf(table: AuditTableObject, column: string): Finding {
  return {
    state: 'missing',
    object: `key of column "${column}" of table ${quoted({ schema: table.schema, name: table.names.table })}`,
    message: 'is not there: the next hashes match none of those that are recorded',
    hint: `If a backup has its row of ${sqlText(hashKeyName(table))}, bring it back before the next write. Otherwise, for a new key: ${sqlText(makeHashKeyOf(table, column))}`,
    isForPeople: true,
  }
}

function compareTriggers(
  table: AuditTableObject,
  live: LiveDatabase,
  functions: FunctionsThere,
): readonly Finding[] {
  const { source } = table
  const key = nameKey(source)
  const name = quoted(source)
  const there = live.sources.find((each) => nameKey(each) === key)
  if (there === undefined) {
    return [
      {
        state: 'missing',
        object: `table ${name}`,
        message: 'is audited and not there',
        hint: functions.remedy,
      },
    ]
  }
  const own = live.triggers.filter(({ on }) => nameKey(on) === key)
  const findings = triggersOf(table).flatMap((trigger) => {
    const object = `trigger "${trigger.name}" on ${name}`
    const found = own.find((each) => each.name === trigger.name)
    const wanted = {
      name: trigger.name,
      statement: triggerText(table, trigger),
      always: table.enableAlways === true,
    }
    const enable = enableTrigger(source, trigger.name, wanted.always)
    return compareTrigger(object, found, wanted, functions, enable)
  })
  // One that fires always misses nothing.
  const ofPartitions = live.triggers.filter(
    ({ of, enabled }) => of !== null && nameKey(of) === key && enabled !== 'A',
  )
  return [
    ...findings,
    ...(there.isPartition && table.level === 'statement' ? [partOf(name)] : []),
    ...ofPartitions.map(({ name: trigger, on, enabled }): Finding => {
      const object = `trigger "${trigger}" on partition ${quoted(on)}`
      const finding = { state: 'disabled', object, message: firing(enabled) } as const
      return mendedBy(finding, enableTrigger(on, trigger, table.enableAlways === true))
    }),
  ]
}

/** By no migration that can be read: that would have it recorded by row. */
function partOf(name: string): Finding {
  return {
    state: 'disabled',
    object: `capture of ${name}`,
    message:
      'does not see what a statement writes on the table that it is a partition of: it is recorded statement by statement',
    hint: 'Put the ATTACH PARTITION into a migration as a plain statement, or @audit(enabled, level: row) above the model; npx prisma generate, then npx prisma migrate deploy.',
    isForPeople: true,
  }
}

function sizeOf({ bytes, rows, ends }: LiveHistory): HistorySize {
  const { oldest = null, newest = null, seconds = null, written = null } = ends ?? {}
  const isTold = seconds !== null && written !== null && seconds >= HOUR
  return {
    bytes,
    rows,
    oldest,
    newest,
    rowsPerDay: isTold ? Math.round((written * DAY) / seconds) : undefined,
  }
}
