import type { QualifiedName } from '../model/names.ts'
import { SALT_BYTES } from '../model/seal.ts'
import type { AuditHome } from '../state/database-state.ts'
import { commitment, type Field, fieldSalt, keptBytes } from './seal-leaf.ts'
import { inRange } from './seal-page.ts'
import { sealName } from './seal-tables.ts'
import { ident, integer, join, literal, parameter, qualified, type Sql, sql, sqlText } from './sql.ts'

/**
 * What an erasure of fields does to the seal of their row, before it sets them to NULL in the same transaction: it keeps the
 * commitment to each of them and the salts of the other fields, and destroys the salt of the row. What was erased can then not be guessed
 * any more, and the row still gives its leaf. Fields that were erased before stay so. The guards of both tables have to be disabled.
 *
 * Parameters: the first and the last id of the seal, its number, the row's `audit_id`, the numbers of the fields (`integer[]`).
 *
 * @param columns the fields as they are today, in the order of the seal
 */
export function renderSealErasure(
  home: AuditHome,
  history: QualifiedName,
  columns: readonly { readonly name: string; readonly isBlankPadded: boolean }[],
): string {
  const fields = columns.map(({ name, isBlankPadded }, at) =>
    keptField({ value: sql`h.${ident(name)}`, isBlankPadded }, at + 1),
  )
  const number = sql`${parameter(3)}::bigint`
  const id = sql`${parameter(4)}::bigint`
  return sqlText(sql`WITH place AS (
  SELECT (pg_catalog.count(*) - 1)::integer * ${integer(SALT_BYTES)} + 1 AS start
  FROM ${qualified(history)} AS h
  WHERE ${inRange(sql`h`)} AND (pg_catalog.abs(h."audit_id"), h."audit_id") <= (pg_catalog.abs(${id}), ${id})
), sealed AS (
  SELECT
    pg_catalog.substr(salt."salts", place.start, ${integer(SALT_BYTES)}) AS salt,
    (SELECT e."fields" FROM ${sealName(home, 'erasure')} AS e WHERE e."seal_number" = ${number} AND e."audit_id" = ${id}) AS erased
  FROM place
  JOIN ${sealName(home, 'salt')} AS salt ON salt."seal_number" = ${number}
), kept AS (
  INSERT INTO ${sealName(home, 'erasure')} AS e ("seal_number", "audit_id", "fields")
  SELECT ${number}, ${id}, pg_catalog.to_jsonb(ARRAY[
    ${join(fields, sql`,\n`)}
  ]::jsonb[])
  FROM ${qualified(history)} AS h
  CROSS JOIN sealed
  WHERE h."audit_id" = ${id}
  ON CONFLICT ("seal_number", "audit_id") DO UPDATE SET "fields" = excluded."fields", "erased_at" = excluded."erased_at"
  RETURNING e."seal_number"
)
UPDATE ${sealName(home, 'salt')} AS salt
SET "salts" = pg_catalog.overlay(salt."salts", ${literal(`\\x${'00'.repeat(SALT_BYTES)}`)}::bytea, place.start, ${integer(SALT_BYTES)})
FROM place, kept
WHERE salt."seal_number" = kept.seal_number`)
}

/** `{"commitment": "…"}` for a field that is erased, now or before, else `{"salt": "…"}`. */
function keptField(field: Field, number: number): Sql {
  const former = sql`sealed.erased -> ${integer(number - 1)}`
  const salt = sql`coalesce(${keptBytes(former, 'salt')}, ${fieldSalt(sql`sealed.salt`, number)})`
  return sql`CASE
  WHEN ${former} ? 'commitment' THEN ${former}
  WHEN ${integer(number)} = ANY (${parameter(5)}::integer[])
    THEN pg_catalog.jsonb_build_object('commitment', pg_catalog.encode(${commitment(field, salt)}, 'hex'))
  ELSE pg_catalog.jsonb_build_object('salt', pg_catalog.encode(${salt}, 'hex'))
END`
}
