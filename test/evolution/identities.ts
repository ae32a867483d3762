import type pg from 'pg'
import type { AuditModel } from '../../packages/generator/src/model/audit-model.ts'
import { recordedColumns, type World } from './world.ts'

/** Where history goes on: of each thing that has one, the number of its audit table, or of its audit column there. */
export type Identities = ReadonlyMap<string, string>

/**
 * The audit tables and columns that the world's models, columns and settings are recorded in now. A history that became partitioned is in
 * its oldest partition the table that it was.
 */
export async function readIdentities(
  client: pg.ClientBase,
  world: World,
  { auditSchema, tables }: AuditModel,
): Promise<Identities> {
  const { rows } = await client.query<{ table: string; column: string; oid: string; number: string }>(
    `SELECT c.relname AS table, a.attname AS column, coalesce(oldest.oid, c.oid)::text AS oid, a.attnum::text AS number
     FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
     LEFT JOIN LATERAL (
       SELECT p.oid FROM pg_inherits AS i JOIN pg_class AS p ON p.oid = i.inhrelid
       WHERE i.inhparent = c.oid AND pg_get_expr(p.relpartbound, p.oid) LIKE '%(MINVALUE)%'
     ) AS oldest ON true
     JOIN pg_attribute AS a ON a.attrelid = coalesce(oldest.oid, c.oid)
     WHERE n.nspname = $1 AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND a.attnum > 0 AND NOT a.attisdropped`,
    [auditSchema],
  )
  const found = new Map(rows.map((row) => [`${row.table}\0${row.column}`, row]))
  const identities = new Map<string, string>()
  for (const model of world.models) {
    const table = tables.find((each) => each.model === `Model${model.id}`)
    if (table === undefined) continue
    const own = found.get(`${table.names.table}\0audit_id`)
    identities.set(`table ${model.history}`, own?.oid ?? 'missing')
    const column = (name: string) => {
      const row = found.get(`${table.names.table}\0${name}`)
      return row === undefined ? 'missing' : `${row.oid}.${row.number}`
    }
    for (const each of recordedColumns(model)) {
      identities.set(`column ${model.history} ${each.history}`, column(each.name))
    }
    for (const setting of table.settings) {
      identities.set(
        `setting ${model.history} ${setting.name} ${setting.settingType}`,
        column(setting.column),
      )
    }
  }
  return identities
}

/** Things that are recorded elsewhere than before, and two that are recorded in one place. */
export function movedIdentities(before: Identities, now: Identities): readonly string[] {
  const moved = [...now].filter(
    ([name, place]) => place === 'missing' || (before.get(name) ?? place) !== place,
  )
  const places = [...now].filter(([name]) => !name.startsWith('table ')).map(([, place]) => place)
  const shared = places.length === new Set(places).size ? [] : ['two columns share an audit column']
  return [...moved.map(([name, place]) => `${name} was in ${before.get(name)} and is in ${place}`), ...shared]
}
