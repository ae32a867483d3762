import type { QualifiedName } from '../model/names.ts'
import { SALT_BYTES } from '../model/seal.ts'
import type { AuditHome } from '../state/database-state.ts'
import { AUDIT_COLUMNS } from './object-names.ts'
import {
  commitment,
  FACT_COLUMNS,
  type Field,
  factsHash,
  fieldSalt,
  keptCommitment,
  leaf,
} from './seal-leaf.ts'
import { sealName } from './seal-tables.ts'
import { ident, integer, join, parameter, qualified, type Sql, sql, sqlText } from './sql.ts'

/** What a page is read from: the columns of today, in the order of the seal's fields, and those that came later. */
export interface PageColumns {
  readonly history: QualifiedName
  readonly fields: readonly { readonly name: string; readonly isBlankPadded: boolean }[]
  readonly later: readonly string[]
}

/**
 * The rows of a range in their order, each with its leaf. A baseline's row has a negative id, of the same sequence: rows stand by the
 * absolute value. Gives `id` (text) and `leaf`, NULL where a column that came later has a value.
 *
 * Parameters: the first id, the last id, the salts of the rows one behind the other, how many rows at most.
 */
export function renderPage({ history, fields, later }: PageColumns): string {
  return sqlText(page(history, fields, later, (facts, values) => leaf(facts, commitments(values))))
}

/** The same for a range in which fields were erased: a fifth parameter is the number of its seal. */
export function renderPageWithErasures(home: AuditHome, { history, fields, later }: PageColumns): string {
  const erased = sql`(
  SELECT e."fields" FROM ${sealName(home, 'erasure')} AS e
  WHERE e."seal_number" = ${parameter(5)} AND e."audit_id" = r.${ident(AUDIT_COLUMNS.id)}
)`
  return sqlText(
    page(
      history,
      fields,
      later,
      (facts, values) => sql`(
  SELECT CASE
    WHEN k.erased IS NULL THEN ${leaf(facts, commitments(values))}
    ELSE ${leaf(
      facts,
      values.map((value, at) => keptCommitment(value, at + 1, sql`k.erased`)),
    )}
  END
  FROM (SELECT ${erased} AS erased) AS k
)`,
    ),
  )
}

/** A query for how many rows a range has. Parameters: the first id, the last id. */
export function renderCountRange(history: QualifiedName): string {
  return sqlText(
    sql`SELECT pg_catalog.count(*)::text AS rows FROM ${qualified(history)} AS h WHERE ${inRange(sql`h`)}`,
  )
}

/** The row `row` lies in the range of the first two parameters: by one index range for each sign. */
export function inRange(row: Sql): Sql {
  const id = sql`${row}.${ident(AUDIT_COLUMNS.id)}`
  return sql`(${id} BETWEEN ${FIRST} AND ${LAST} OR ${id} BETWEEN - ${LAST} AND - greatest(${FIRST}, 1))`
}

const [FIRST, LAST] = [sql`${parameter(1)}::bigint`, sql`${parameter(2)}::bigint`]

function commitments(values: readonly Field[]): readonly Sql[] {
  return values.map((value, at) => commitment(value, fieldSalt(sql`r.row_salt`, at + 1)))
}

function page(
  history: QualifiedName,
  fields: PageColumns['fields'],
  later: readonly string[],
  leafOf: (facts: Sql, values: readonly Field[]) => Sql,
): Sql {
  const id = ident(AUDIT_COLUMNS.id)
  const order = sql`ORDER BY pg_catalog.abs(p.${id}), p.${id}`
  const limit = sql`LIMIT ${parameter(4)}`
  const columns = join(
    [
      ...FACT_COLUMNS.map((column) => sql`h.${ident(column)}`),
      ...fields.map(({ name }, at) => sql`h.${ident(name)} AS ${ident(`field_${at + 1}`)}`),
      sql`${hasAny(later)} AS has_later`,
    ],
    sql`, `,
  )
  const branch = (range: Sql) => sql`(
  SELECT ${columns}
  FROM ${qualified(history)} AS h
  WHERE h.${id} BETWEEN ${range}
  ${limit}
)`
  const values = fields.map(({ isBlankPadded }, at) => ({
    value: sql`r.${ident(`field_${at + 1}`)}`,
    isBlankPadded,
  }))
  const position = sql`pg_catalog.row_number() OVER (${order})`
  return sql`SELECT
  r.${id}::text AS id,
  CASE WHEN NOT r.has_later THEN ${leafOf(factsHash(sql`r`), values)} END AS leaf
FROM (
  SELECT
    p.*,
    pg_catalog.substr(${parameter(3)}::bytea, ((${position} - 1) * ${integer(SALT_BYTES)} + 1)::integer, ${integer(SALT_BYTES)}) AS row_salt
  FROM (
    ${branch(sql`${FIRST} AND ${LAST} ORDER BY h.${id}`)}
    UNION ALL
    ${branch(sql`- ${LAST} AND - greatest(${FIRST}, 1) ORDER BY h.${id} DESC`)}
  ) AS p
  ${order}
  ${limit}
) AS r
ORDER BY pg_catalog.abs(r.${id}), r.${id}`
}

function hasAny(columns: readonly string[]): Sql {
  if (columns.length === 0) return sql`false`
  const each = columns.map((name) => sql`h.${ident(name)} IS DISTINCT FROM NULL`)
  return sql`(${join(each, sql` OR `)})`
}
