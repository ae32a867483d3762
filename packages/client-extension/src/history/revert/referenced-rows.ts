import { ident, join, literal, qualified, sql } from '../fragment.ts'
import type { HistoryModel } from '../history-model.ts'
import { quotedName } from '../quoted-name.ts'
import type { RawClient } from '../reader.ts'
import { conflict } from './revert-conflict.ts'
import type { Work } from './revert-write.ts'
import { query } from './run-fragment.ts'

/** A delete must not take along, or change, rows that are no part of the plan. */
export async function assertUnreferenced(
  tx: RawClient,
  { name, model, records, steps }: Work,
): Promise<void> {
  const source = literal(quotedName(model.source))
  const keys = await query(
    tx,
    sql`SELECT n.nspname AS schema, c.relname AS table, pair.own, pair.other
FROM pg_catalog.pg_constraint AS f
JOIN pg_catalog.pg_class AS c ON c.oid = f.conrelid
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
CROSS JOIN LATERAL (
  SELECT array_agg(o.attname::text ORDER BY u.position) AS own, array_agg(t.attname::text ORDER BY u.position) AS other
  FROM unnest(f.conkey, f.confkey) WITH ORDINALITY AS u (own, other, position)
  JOIN pg_catalog.pg_attribute AS o ON o.attrelid = f.conrelid AND o.attnum = u.own
  JOIN pg_catalog.pg_attribute AS t ON t.attrelid = f.confrelid AND t.attnum = u.other
) AS pair
WHERE f.contype = 'f' AND f.confrelid = pg_catalog.to_regclass(${source}) AND f.confdeltype IN ('c', 'n', 'd')
  AND f.conparentid = 0`,
  )
  for (const key of keys) {
    const table = { schema: String(key.schema), name: String(key.table) }
    const pairs = (key.own as readonly string[]).map(
      (own, index) => sql`c.${ident(own)} = t.${ident((key.other as readonly string[])[index] ?? '')}`,
    )
    const [found] = await query(
      tx,
      sql`SELECT EXISTS (
  SELECT FROM ${qualified(model.source)} AS t JOIN ${records.rows} AS r ON ${records.isRow}
  JOIN ${qualified(table)} AS c ON ${join(pairs, sql` AND `)}${
    isItself(model, table)
      ? sql` WHERE NOT EXISTS (
    SELECT FROM ${records.rows} AS r WHERE ${records.isRowOf('c')}
  )`
      : sql``
  }
) AS referenced`,
    )
    if (found?.referenced === true) {
      throw conflict(
        steps.map((step) => ({
          model: name,
          key: step.key,
          kind: 'still referenced',
          detail: `Rows of ${table.name} point to it, or to another row that is to be deleted with it.`,
        })),
      )
    }
  }
}

function isItself({ source }: HistoryModel, { schema, name }: { schema: string; name: string }): boolean {
  return source.schema === schema && source.name === name
}
