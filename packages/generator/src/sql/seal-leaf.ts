import { AUDIT_COLUMNS } from './object-names.ts'
import { ident, integer, join, literal, type Sql, sql } from './sql.ts'

/*
 * The canonical form of a row, format 1; docs/seals.md says it in words. All of it is computed by PostgreSQL, under the settings
 * of `setPinned`, so that no driver stands between a value and its hash.
 */

/** These say of a row what happened, and when; they are never erased, so one hash without a salt stands for them. */
export const FACT_COLUMNS = [
  AUDIT_COLUMNS.id,
  AUDIT_COLUMNS.operation,
  AUDIT_COLUMNS.operationTimestamp,
  AUDIT_COLUMNS.transactionTimestamp,
  AUDIT_COLUMNS.transactionId,
] as const

const ZERO = sql`${literal('\\x00')}::bytea`
const ONE = sql`${literal('\\x01')}::bytea`

/** A field of a row: its value, and whether its type is char, which a cast to text would rob of its blanks. */
export interface Field {
  readonly value: Sql
  readonly isBlankPadded: boolean
}

/** `sha256(0x00 || facts || commitment 1 || commitment 2 || …)` */
export function leaf(facts: Sql, commitments: readonly Sql[]): Sql {
  return sql`pg_catalog.sha256(${join([ZERO, facts, ...commitments], sql`\n  || `)})`
}

/** `sha256('12|U|2026-03-04 10:15:00.123+00|2026-03-04 10:15:00.12+00|4711')` */
export function factsHash(row: Sql): Sql {
  const each = FACT_COLUMNS.map((column) => sql`${row}.${ident(column)}`)
  return sql`pg_catalog.sha256(pg_catalog.convert_to(pg_catalog.concat_ws('|', ${join(each, sql`, `)}), 'UTF8'))`
}

/** `sha256(salt of the field || 0x00)` for NULL, else `sha256(salt of the field || 0x01 || UTF-8 of the text)` */
export function commitment(field: Field, fieldSalt: Sql): Sql {
  return sql`pg_catalog.sha256(${fieldSalt} || coalesce(${ONE} || ${textBytes(field)}, ${ZERO}))`
}

/** `sha256(salt of the row || number of the field as two bytes)`: one field's salt says nothing of another's. */
export function fieldSalt(rowSalt: Sql, number: number): Sql {
  return sql`pg_catalog.sha256(${rowSalt} || ${literal(`\\x${number.toString(16).padStart(4, '0')}`)}::bytea)`
}

/** What an erasure leaves of a value that may not be NULL, by its type. */
export const ERASED = {
  text: '[erased]',
  'character varying': '[erased]',
  uuid: '00000000-0000-0000-0000-000000000000',
  smallint: '0',
  integer: '0',
  bigint: '0',
  numeric: '0',
} as const

/**
 * The commitment to a field of a row that `erased` (jsonb) tells of. Of one that was erased it is kept there, and the value has to
 * be NULL, or the rest that the erasure left: a document, or what stands for a value where there has to be one, with a
 * commitment of its own. Of another field its own salt is kept.
 */
export function keptCommitment(field: Field, number: number, erased: Sql): Sql {
  const kept = sql`${erased} -> ${integer(number - 1)}`
  const rest = sql`${kept} -> 'rest'`
  const marks = join([...new Set(Object.values(ERASED))].map(literal), sql`, `)
  return sql`CASE
  WHEN ${kept} ? 'salt' THEN ${commitment(field, keptBytes(kept, 'salt'))}
  WHEN ${kept} ? 'rest' THEN CASE
    WHEN ${commitment(field, keptBytes(rest, 'salt'))} = ${keptBytes(rest, 'commitment')}
      AND (pg_catalog.pg_typeof(${field.value}) IN ('json'::regtype, 'jsonb'::regtype) OR ${field.value}::text IN (${marks}))
      THEN ${keptBytes(kept, 'commitment')}
  END
  WHEN ${field.value} IS NULL THEN ${keptBytes(kept, 'commitment')}
END`
}

export function keptBytes(kept: Sql, key: 'salt' | 'commitment'): Sql {
  return sql`pg_catalog.decode(${kept} ->> ${literal(key)}, 'hex')`
}

function textBytes({ value, isBlankPadded }: Field): Sql {
  const text = isBlankPadded
    ? sql`CASE WHEN ${value} IS NOT NULL THEN pg_catalog.format('%s', ${value}) END`
    : sql`${value}::text`
  return sql`pg_catalog.convert_to(${text}, 'UTF8')`
}
