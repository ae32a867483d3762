import type { FormerNames } from '../state/former-names.ts'
import { replaceAppendOnly } from './audit-table.ts'
import { auditTable, type HistoryTable } from './look-first.ts'
import { keyIndexName, primaryKeyName } from './object-names.ts'
import { replicaFunction } from './replica-guard.ts'
import { dollarQuoted, ident, isFilled, lines, literal, qualified, type Sql, sql, sqlText } from './sql.ts'

/*
 * What a migration renamed has to be renamed on the second server too, and not before all rows that were sent under the former name
 * are there: the first row with the new one waits for it.
 */

/** Ends the script where the second server has a former name still, and not the new one. */
export function refuseFormerNames(table: HistoryTable, former: FormerNames): Sql {
  return block(
    each(table, former, (object, name, to) => {
      const message = sql`pg_catalog.format('%s is called %s here, and %s on the primary since a migration', ${literal(object)}, ${literal(name)}, ${literal(to)})`
      return sql`RAISE EXCEPTION USING
  ERRCODE = 'object_not_in_prerequisite_state',
  MESSAGE = ${message},
  HINT = 'Deploy on the primary first. When replication waits for the new name, run here what "npx prisma-generator-audit replicate subscriber --renames" prints.';`
    }),
  )
}

/** Renames what has a former name still. */
export function followRenames(table: HistoryTable, former: FormerNames): Sql {
  return block(each(table, former, (_, __, ___, rename) => rename))
}

/** The function that the trigger had under a former name; the trigger has another one by now. */
export function dropFormerFunctions(table: HistoryTable, former: FormerNames): Sql {
  return lines(
    former.tables.map(({ schema, name }) => {
      const before = { ...table, schema, names: { table: name } }
      return sql`DROP FUNCTION IF EXISTS ${qualified(replicaFunction(before))}();`
    }),
  )
}

function each(
  table: HistoryTable,
  former: FormerNames,
  then: (object: string, name: string, to: string, rename: Sql) => Sql,
): readonly Sql[] {
  const now = literal(sqlText(auditTable(table)))
  const tables = former.tables.map(({ schema, name }) => {
    const before: HistoryTable = { ...table, schema, names: { table: name } }
    const moved: HistoryTable = { ...table, names: { table: name } }
    const text = sqlText(auditTable(before))
    const rename = lines([
      schema === table.schema
        ? sql``
        : sql`ALTER TABLE ${auditTable(before)} SET SCHEMA ${ident(table.schema)};`,
      // Its guard calls a function of its schema.
      schema === table.schema ? sql`` : replaceAppendOnly(moved),
      ...(name === table.names.table
        ? []
        : [
            sql`ALTER TABLE ${auditTable(moved)} RENAME TO ${ident(table.names.table)};`,
            ...[primaryKeyName, keyIndexName].map(
              (named) =>
                sql`ALTER INDEX IF EXISTS ${qualified({ schema: table.schema, name: named(moved) })} RENAME TO ${ident(named(table))};`,
            ),
          ]),
    ])
    return sql`IF pg_catalog.to_regclass(${now}) IS NULL AND pg_catalog.to_regclass(${literal(text)}) IS NOT NULL THEN
  ${then('a table', text, sqlText(auditTable(table)), rename)}
END IF;`
  })
  const columns = [...former.columns].flatMap(([to, names]) =>
    names.map((name) => {
      const rename = sql`ALTER TABLE ${auditTable(table)} RENAME COLUMN ${ident(name)} TO ${ident(to)};`
      const object = `a column of ${sqlText(auditTable(table))}`
      return sql`IF pg_catalog.to_regclass(${now}) IS NOT NULL AND ${hasColumn(table, name)} AND NOT ${hasColumn(table, to)} THEN
  ${then(object, sqlText(ident(name)), sqlText(ident(to)), rename)}
END IF;`
    }),
  )
  return [...tables, ...columns]
}

function block(statements: readonly Sql[]): Sql {
  const filled = statements.filter(isFilled)
  if (filled.length === 0) return sql``
  const body = sql`BEGIN
  ${lines(filled)}
END`
  return sql`DO ${dollarQuoted(body)};`
}

function hasColumn(table: HistoryTable, column: string): Sql {
  return sql`EXISTS (
  SELECT FROM pg_catalog.pg_attribute AS a
  WHERE a.attrelid = pg_catalog.to_regclass(${literal(sqlText(auditTable(table)))}) AND a.attname = ${literal(column)} AND NOT a.attisdropped
)`
}
