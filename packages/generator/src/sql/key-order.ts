import type { QualifiedName } from '../model/names.ts'
import type { AuditTableObject } from '../state/database-state.ts'
import { keyColumns } from './key-columns.ts'
import { ident, join, literal, operator, parameter, qualified, type Sql, sql, sqlText } from './sql.ts'

/** By what a type of an extension compares: citext has its own `>`, in the schema of the extension. */
export interface OwnOrder {
  readonly schema: string
  readonly above: string
  readonly from: string
}

/** PostgreSQL compares a composite value with any record, and would not know of which type a parameter is. */
export interface Composite {
  readonly composite: QualifiedName
}

/** For each column of the key in its order; NULL where the operators of pg_catalog compare it. */
export type KeyOrder = readonly (OwnOrder | Composite | null)[]

/**
 * A query for the rows of a `KeyOrder`, each as `own`. ORDER BY takes the type's own order from wherever it is, but `>` is found
 * by the search_path: with that of pg_catalog a citext would be compared as text, and a page would begin after rows that no page
 * has had.
 */
export function keyOrder(table: AuditTableObject): string {
  const names = join(
    keyColumns(table).map(({ source }) => literal(source)),
    sql`, `,
  )
  return sqlText(sql`SELECT own.own
FROM unnest(ARRAY[${names}]::name[]) WITH ORDINALITY AS key (name, number)
JOIN pg_attribute AS a ON a.attrelid = ${literal(sqlText(qualified(table.source)))}::regclass AND a.attname = key.name
LEFT JOIN LATERAL (
  WITH RECURSIVE type AS (
    SELECT t.oid, t.typtype, t.typbasetype FROM pg_type AS t WHERE t.oid = a.atttypid
    UNION ALL
    SELECT t.oid, t.typtype, t.typbasetype FROM type AS d JOIN pg_type AS t ON d.typtype = 'd' AND t.oid = d.typbasetype
  )
  SELECT jsonb_build_object('schema', n.nspname, 'above', above.oprname, 'from', "from".oprname) AS own
  FROM type
  JOIN pg_opclass AS c ON c.opcintype = type.oid AND c.opcdefault
  JOIN pg_am AS m ON m.oid = c.opcmethod AND m.amname = 'btree'
  JOIN pg_amop AS f ON f.amopfamily = c.opcfamily AND f.amoplefttype = type.oid AND f.amoprighttype = type.oid
    AND f.amopstrategy = 4
  JOIN pg_amop AS g ON g.amopfamily = c.opcfamily AND g.amoplefttype = type.oid AND g.amoprighttype = type.oid
    AND g.amopstrategy = 5
  JOIN pg_operator AS "from" ON "from".oid = f.amopopr
  JOIN pg_operator AS above ON above.oid = g.amopopr AND above.oprnamespace = "from".oprnamespace
  JOIN pg_namespace AS n ON n.oid = above.oprnamespace AND n.nspname <> 'pg_catalog'
  UNION ALL
  SELECT jsonb_build_object('composite', jsonb_build_object('schema', n.nspname, 'name', t.typname))
  FROM type
  JOIN pg_type AS t ON t.oid = type.oid AND t.typtype = 'c'
  JOIN pg_namespace AS n ON n.oid = t.typnamespace
) AS own ON true
ORDER BY key.number`)
}

/** The row `s` of the source comes after the one whose key the parameters are. An index on the key finds where to begin. */
export function isAfterLast(table: AuditTableObject, order: KeyOrder): Sql {
  const key = keyColumns(table).map(({ source }, index) => {
    const found = order[index] ?? null
    const isComposite = found !== null && 'composite' in found
    const type = isComposite ? sql`::${qualified(found.composite)}` : sql``
    return {
      column: sql`s.${ident(source)}`,
      last: sql`${parameter(index + 1)}${type}`,
      own: isComposite ? null : found,
    }
  })
  if (key.every(({ own }) => own === null)) {
    const [columns, last] = [key.map((each) => each.column), key.map((each) => each.last)]
    return sql`(${join(columns, sql`, `)}) > (${join(last, sql`, `)})`
  }
  // A row comparison has one operator for all of its columns.
  return key.reduceRight<Sql>((rest, { column, last, own }, index) => {
    const above = sql`${column} ${own ? operator({ schema: own.schema, name: own.above }) : sql`>`} ${last}`
    if (index === key.length - 1) return above
    const from = sql`${column} ${own ? operator({ schema: own.schema, name: own.from }) : sql`>=`} ${last}`
    return sql`(${from} AND (${above} OR ${rest}))`
  }, sql``)
}
