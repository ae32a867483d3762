import type { QualifiedName } from '../model/names.ts'
import { requiredChecks } from '../sql/audit-table.ts'
import { AUDIT_COLUMNS, requiredCheckName } from '../sql/object-names.ts'
import { OLDEST_CHECK } from '../sql/partition-names.ts'
import {
  addNumbers,
  addPrimaryKey,
  addRequiredCheck,
  closeSequence,
  closeToWriters,
  disinherit,
  dropConstraint,
  dropRule,
  dropTrigger,
  heedPolicies,
  letOwnerPass,
  makeLogged,
  quoted,
} from '../sql/repair-statements.ts'
import type { AuditTableObject } from '../state/database-state.ts'
import { renderGrant } from './compare-rights.ts'
import { type Finding, mendedBy } from './installation-status.ts'
import type { LiveDetails } from './live-database.ts'

/**
 * What keeps a table of the audit schema from being written or kept as it should be, besides its columns, its guard and the rights on all of it:
 * whether a crash empties it, row level security, rules, triggers, rights on columns and on its sequence.
 */
export function compareDetails(name: QualifiedName, found: LiveDetails): readonly Finding[] {
  const object = `table ${quoted(name)}`
  const sequence = { schema: name.schema, name: found.sequence ?? '' }
  const roles = (grants: LiveDetails['grants']) => grants.map(({ role }) => role)
  const opened = found.sequenceGrants.filter(({ privileges }) => privileges.some((each) => each !== 'SELECT'))
  return [
    ...when(found.isUnlogged, () =>
      forPeople('tampered', object, 'is UNLOGGED: a crash of the server empties it', makeLogged(name)),
    ),
    ...when(found.isForced, () =>
      mendedBy(
        {
          state: 'tampered',
          object,
          message: 'has row level security forced on its owner, who writes it: writes may fail',
        },
        letOwnerPass(name),
      ),
    ),
    ...when(found.hasIdlePolicies, () =>
      mendedBy(
        {
          state: 'disabled',
          object,
          message: 'has policies, and row level security is off: its readers see every row',
        },
        heedPolicies(name),
      ),
    ),
    ...found.heirs.map((heir) =>
      forPeople(
        'tampered',
        object,
        `is inherited by ${heir}, whose rows are read as its own`,
        disinherit(name, heir),
      ),
    ),
    ...found.rules.map((rule) =>
      forPeople(
        'tampered',
        `rule "${rule}" on ${quoted(name)}`,
        'may keep rows from it',
        dropRule(name, rule),
      ),
    ),
    ...found.insertTriggers.map((trigger) =>
      forPeople(
        'tampered',
        `trigger "${trigger}" on ${quoted(name)}`,
        'comes before an INSERT, and may keep rows from it',
        dropTrigger(name, trigger),
      ),
    ),
    ...when(found.columnGrants.length > 0, () =>
      mendedBy(
        {
          state: 'tampered',
          object: `columns of ${object}`,
          message: `may be changed by others than its owner: ${found.columnGrants.map(renderGrant).join('; ')}`,
        },
        closeToWriters(name, roles(found.columnGrants)),
      ),
    ),
    ...when(opened.length > 0, () =>
      mendedBy(
        {
          state: 'tampered',
          object: `sequence of ${object}`,
          message: `may be moved by others than its owner: ${opened.map(renderGrant).join('; ')}`,
        },
        closeSequence(sequence, roles(opened)),
      ),
    ),
  ]
}

/** What numbers a history: its primary key, and `audit_id` by itself. */
export function compareNumbers(name: QualifiedName, found: LiveDetails): readonly Finding[] {
  const object = `table ${quoted(name)}`
  return [
    ...when(!found.hasPrimaryKey, () =>
      forPeople(
        'missing',
        `primary key of ${object}`,
        'is not there: numbers may come twice',
        addPrimaryKey(name),
      ),
    ),
    ...when(!found.isNumbered, () =>
      forPeople(
        'missing',
        `numbers of ${object}`,
        'do not come by themselves: writes fail',
        addNumbers(name),
      ),
    ),
  ]
}

/** `CHECK (("audit_username" IS NOT NULL)) NOT VALID`, with or without an exception for baselines. */
const REQUIRED = /^CHECK \(\(+"?(.+?)"? IS NOT NULL\b/

/** The CHECKs of required settings: those that are not there, and others than the migrations make. */
export function compareChecks(
  table: AuditTableObject,
  { checks }: LiveDetails,
  isBehind: boolean,
): readonly Finding[] {
  const name = { schema: table.schema, name: table.names.table }
  const wanted = requiredChecks(table)
  const names = new Set(['audit_operation_known', ...wanted.map(requiredCheckName)])
  const of = (check: string) => `check "${check}" of table ${quoted(name)}`
  const missing = wanted
    .filter((setting) => !checks.some((check) => check.name === requiredCheckName(setting)))
    .map((setting) =>
      mendedBy(
        {
          state: isBehind ? 'outdated' : 'missing',
          object: of(requiredCheckName(setting)),
          message: `is not there: rows without audit.${setting.name} are let in`,
        },
        addRequiredCheck(table, setting),
      ),
    )
  const others = checks
    .filter((check) => !names.has(check.name))
    .map((check): Finding => {
      const column = REQUIRED.exec(check.text)?.[1] ?? ''
      const drop = dropConstraint(name, check.name)
      if (check.name === OLDEST_CHECK) {
        const message = `waits for the history to become partitioned, and refuses rows when its time has come: ${check.text}`
        return {
          state: 'outdated',
          object: of(check.name),
          message,
          hint: `npx prisma-generator-audit partition, or: ${drop}`,
        }
      }
      if (requiredCheckName({ column }) === check.name) {
        const message = `asks for a value that may be missing: writes without it fail`
        return mendedBy({ state: 'outdated', object: of(check.name), message }, drop)
      }
      const message = `is as no migration made it, and may refuse rows: ${check.text}`
      return forPeople('tampered', of(check.name), message, drop)
    })
  return [...missing, ...others]
}

/** The columns that every history has besides those of settings and of the table. */
export function compareFacts(
  name: QualifiedName,
  columns: readonly { readonly name: string }[],
): readonly Finding[] {
  return compareLost(name, columns, Object.values(AUDIT_COLUMNS), 'is not there: writes fail')
}

/** Columns that should be there, and that nothing brings back as they were. */
export function compareLost(
  name: QualifiedName,
  columns: readonly { readonly name: string }[],
  wanted: readonly string[],
  message = 'is not there',
): readonly Finding[] {
  const there = new Set(columns.map((column) => column.name))
  return wanted
    .filter((column) => !there.has(column))
    .map((column) =>
      forPeople(
        'missing',
        `column "${column}" of table ${quoted(name)}`,
        message,
        'Its values are gone; only a backup has them.',
      ),
    )
}

function forPeople(state: Finding['state'], object: string, message: string, hint: string): Finding {
  return { state, object, message, hint, isForPeople: true }
}

function when(is: boolean, finding: () => Finding): readonly Finding[] {
  return is ? [finding()] : []
}
