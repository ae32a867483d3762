import { cutToBytes } from '../model/names.ts'
import type { AuditTableObject } from '../state/database-state.ts'
import { derivedName } from '../state/own-names.ts'
import { replaceAppendOnly } from './audit-table.ts'
import { auditTable } from './look-first.ts'
import { APPEND_ONLY_TRIGGER, keyIndexName, primaryKeyName, sequenceName } from './object-names.ts'
import { guardFormats } from './partition-names.ts'
import { ident, isFilled, join, lines, literal, qualified, type Sql, sql, sqlText } from './sql.ts'
import { functionNames, triggerNames } from './triggers.ts'

/** The names that a table's objects take up: no other object of the schema may have one of them. */
export interface TakenNames {
  readonly relations: readonly string[]
  readonly functions: readonly string[]
}

export function takenNames(table: AuditTableObject): TakenNames {
  return {
    relations: [table.names.table, primaryKeyName(table), keyIndexName(table), sequenceName(table)],
    functions: functionNames(table),
  }
}

/** Whether the table's objects have other names, or live in another schema, or call other functions of that schema. */
export function isRenamed(from: AuditTableObject, to: AuditTableObject): boolean {
  return isFilled(renameObjects(from, to, sql``))
}

/**
 * PL/pgSQL that gives the objects of `from` the names and the schema that they have in `to`; triggers go on calling
 * their functions, which they know by OID. Only the catalog changes.
 *
 * @param source the OID of the table that carries the triggers
 */
export function renameObjects(from: AuditTableObject, to: AuditTableObject, source: Sql): Sql {
  return lines([
    ...renameRelations(from, to),
    ...(from.capturing ? renameFunctions(from, to) : []),
    renewAppendOnly(from, to),
    from.capturing ? renameTriggers(from, to, source) : sql``,
  ])
}

/** As `from`, under names that nothing else has: where two tables exchange names one has to go out of the way. */
export function spareNames(from: AuditTableObject, to: AuditTableObject): AuditTableObject {
  const spare = (name: string, next: string) => (name === next ? name : derivedName(name, '__moving'))
  const { names } = from
  return {
    ...from,
    names: {
      table: derivedName(names.table, '__moving'),
      captureFunction: derivedName(names.captureFunction, '__moving'),
      keyFunction: derivedName(names.keyFunction, '__moving'),
      truncateFunction: derivedName(names.truncateFunction, '__moving'),
      insertTrigger: spare(names.insertTrigger, to.names.insertTrigger),
      updateTrigger: spare(names.updateTrigger, to.names.updateTrigger),
      deleteTrigger: spare(names.deleteTrigger, to.names.deleteTrigger),
      keyTrigger: spare(names.keyTrigger, to.names.keyTrigger),
      truncateTrigger: spare(names.truncateTrigger, to.names.truncateTrigger),
    },
  }
}

/** PL/pgSQL that gives table, indexes and sequence names that are free: `Order_audit__undone_16423`. */
export function renameAside(table: AuditTableObject): Sql {
  const pairs = takenNames(table).relations.map((name) => {
    const full = sqlText(qualified({ schema: table.schema, name }))
    return sql`(${literal(full)}, ${literal(cutToBytes(name, 44))})`
  })
  return sql`FOR command IN
  SELECT pg_catalog.format('ALTER TABLE %s RENAME TO %I', c.oid::regclass, taken.start || '__undone_' || c.oid)
  FROM (
    VALUES
      ${join(pairs, sql`,\n`)}
  ) AS taken (name, start)
  JOIN pg_catalog.pg_class AS c ON c.oid = pg_catalog.to_regclass(taken.name)
LOOP
  EXECUTE command;
END LOOP;`
}

/** Index and sequence of an adopted table may be called otherwise, or be missing; they move with their table. */
function renameRelations(from: AuditTableObject, to: AuditTableObject): readonly Sql[] {
  const own = (name: string) => qualified({ schema: from.schema, name })
  const index = (name: string, next: string) =>
    name === next ? sql`` : sql`ALTER INDEX IF EXISTS ${own(name)} RENAME TO ${ident(next)};`
  const sequence = [sequenceName(from), sequenceName(to)] as const
  return [
    index(primaryKeyName(from), primaryKeyName(to)),
    index(keyIndexName(from), keyIndexName(to)),
    sequence[0] === sequence[1]
      ? sql``
      : sql`ALTER SEQUENCE IF EXISTS ${own(sequence[0])} RENAME TO ${ident(sequence[1])};`,
    from.names.table === to.names.table
      ? sql``
      : sql`ALTER TABLE ${auditTable(from)} RENAME TO ${ident(to.names.table)};`,
    from.schema === to.schema
      ? sql``
      : lines([sql`ALTER TABLE ${own(to.names.table)} SET SCHEMA ${ident(to.schema)};`, movePartitions(to)]),
  ]
}

/** Each of them, with its guard, which calls a function of the schema. */
function movePartitions(to: AuditTableObject): Sql {
  const commands = [
    literal('ALTER TABLE %1$s SET SCHEMA %3$I'),
    literal(`DROP TRIGGER IF EXISTS ${sqlText(ident(APPEND_ONLY_TRIGGER))} ON %2$s`),
    ...guardFormats(to, '%2$s'),
  ]
  return sql`FOR command IN
  SELECT pg_catalog.format(statement.text, c.oid::regclass, pg_catalog.format('%I.%I', ${literal(to.schema)}, c.relname), ${literal(to.schema)})
  FROM pg_catalog.pg_inherits AS i
  JOIN pg_catalog.pg_class AS c ON c.oid = i.inhrelid AND c.relispartition
  CROSS JOIN ROWS FROM (pg_catalog.unnest(ARRAY[
    ${join(commands, sql`,\n`)}
  ])) WITH ORDINALITY AS statement (text, place)
  WHERE i.inhparent = ${literal(sqlText(auditTable(to)))}::regclass
  ORDER BY c.oid, statement.place
LOOP
  EXECUTE command;
END LOOP;`
}

function renameFunctions(from: AuditTableObject, to: AuditTableObject): readonly Sql[] {
  const next = functionNames({ ...from, names: to.names })
  return functionNames(from).flatMap((name, role) => {
    const called = next[role] ?? name
    const now = qualified({ schema: from.schema, name: called })
    return [
      name === called
        ? sql``
        : sql`ALTER FUNCTION ${qualified({ schema: from.schema, name })}() RENAME TO ${ident(called)};`,
      from.schema === to.schema ? sql`` : sql`ALTER FUNCTION ${now}() SET SCHEMA ${ident(to.schema)};`,
    ]
  })
}

/** The guard of the history calls a function of its schema. */
function renewAppendOnly(from: AuditTableObject, to: AuditTableObject): Sql {
  if (from.schema === to.schema && from.shared === to.shared) return sql``
  return replaceAppendOnly(to)
}

/** Only those that are there: Prisma's statements may have dropped the key's trigger, or the table. */
function renameTriggers(from: AuditTableObject, to: AuditTableObject, source: Sql): Sql {
  const next = triggerNames({ ...from, names: to.names })
  const pairs = triggerNames(from).flatMap((name, role) => {
    const called = next[role] ?? name
    return name === called ? [] : [sql`(${literal(name)}, ${literal(called)})`]
  })
  if (pairs.length === 0) return sql``
  return sql`FOR command IN
  SELECT pg_catalog.format('ALTER TRIGGER %I ON %s RENAME TO %I', t.tgname, t.tgrelid::regclass, pair.called)
  FROM (
    VALUES
      ${join(pairs, sql`,\n`)}
  ) AS pair (name, called)
  JOIN pg_catalog.pg_trigger AS t ON t.tgname = pair.name
  WHERE t.tgrelid = ${source}
LOOP
  EXECUTE command;
END LOOP;`
}
