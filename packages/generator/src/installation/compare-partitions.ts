import { MONTHS_LEFT } from '../sql/live-partitions.ts'
import { callPartitions } from '../sql/render-partitions.ts'
import { closeTable, giveTable, quoted } from '../sql/repair-statements.ts'
import { sqlText } from '../sql/sql.ts'
import type { AuditHome, AuditTableObject } from '../state/database-state.ts'
import type { FunctionsThere } from './compare-functions.ts'
import { compareOwnGuard } from './compare-guard.ts'
import { compareOwner, renderGrant } from './compare-rights.ts'
import { type Finding, mendedBy, type PartitionsStatus } from './installation-status.ts'
import type { LiveHistory, LivePartition, LiveTrigger } from './live-database.ts'

const COMMAND = 'npx prisma-generator-audit partition'

/** Holds the partitions of a history that is there against what they should be. */
export function comparePartitions(
  table: AuditTableObject,
  found: LiveHistory,
  triggers: readonly LiveTrigger[],
  functions: FunctionsThere,
): readonly Finding[] {
  const object = `table ${quoted({ schema: table.schema, name: table.names.table })}`
  if (!found.isPartitioned) {
    if (table.partitionBy === undefined) return []
    const message = 'is an ordinary table, and is to be partitioned'
    return [
      {
        state: 'outdated',
        object,
        message,
        hint: functions.isBehind ? functions.remedy : COMMAND,
        isForPeople: true,
      },
    ]
  }
  return [...compareExtent(table, found, object), ...compareEachPartition(table, found, triggers, functions)]
}

/** Whether the partitions are guarded, closed and their history's owner's. */
export function compareEachPartition(
  home: AuditHome,
  { owner, partitions }: LiveHistory,
  triggers: readonly LiveTrigger[],
  functions: FunctionsThere,
): readonly Finding[] {
  return partitions.flatMap((each) => comparePartition(home, each, owner, triggers, functions))
}

/** What is worth knowing of them. */
export function partitionsOf(table: AuditTableObject, found: LiveHistory): PartitionsStatus | undefined {
  if (!found.isPartitioned) return undefined
  const dated = found.partitions.filter(({ isDefault }) => !isDefault)
  return {
    unit: table.partitionBy,
    count: found.partitions.length,
    until: dated.at(-1)?.until ?? null,
    rowsInDefault: found.rowsInDefault ?? null,
  }
}

/** Whether there is one for every moment, and one for each month to come. */
function compareExtent(table: AuditTableObject, found: LiveHistory, object: string): readonly Finding[] {
  const mend = (finding: Omit<Finding, 'hint' | 'statement'>): Finding => {
    if (table.partitionBy !== undefined)
      return mendedBy(finding, sqlText(callPartitions(table, 'partitionHistory')))
    return { ...finding, hint: 'Set the option partitionBy again, and migrate.', isForPeople: true }
  }
  const dated = found.partitions.filter(({ isDefault }) => !isDefault)
  const last = dated.at(-1)?.until
  const hasRest = dated.length < found.partitions.length
  const ends =
    last === null || last === undefined
      ? 'has no partition for the time to come'
      : `has partitions until ${last.toISOString().slice(0, 10)} only, which is less than ${MONTHS_LEFT} months away`
  return [
    ...(hasRest
      ? []
      : [
          mend({
            state: 'missing',
            object: `DEFAULT partition of ${object}`,
            message: 'is not there: a write fails where no other partition is for its time',
          }),
        ]),
    // Where no migration asks for more, all that comes is meant to go into the one of all other times.
    ...(table.partitionBy === undefined || dated.some(({ endsSoon }) => !endsSoon)
      ? []
      : [mend({ state: 'outdated', object, message: ends })]),
  ]
}

/** A partition can be written without the history: it has a guard of its own, and nobody has a right on it. */
function comparePartition(
  { schema, shared }: AuditHome,
  { name, owner, grants }: LivePartition,
  expectedOwner: string,
  triggers: readonly LiveTrigger[],
  functions: FunctionsThere,
): readonly Finding[] {
  const object = `partition ${quoted(name)}`
  const home = { schema, ...(shared ? { shared } : {}) }
  const guarded = { ...home, schema: name.schema, names: { table: name.name } }
  const roles = grants.map(({ role }) => role)
  return [
    ...compareOwnGuard(guarded, triggers, functions, object),
    ...compareOwner(object, owner, expectedOwner, giveTable(name, expectedOwner)),
    ...(grants.length === 0
      ? []
      : [
          mendedBy(
            {
              state: 'tampered',
              object,
              message: `is open to others than its owner, past the rights and policies of its history: ${grants.map(renderGrant).join('; ')}`,
            },
            closeTable(name, roles),
          ),
        ]),
  ]
}
