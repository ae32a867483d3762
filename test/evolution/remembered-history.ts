import pg from 'pg'

/** What the audit tables held at one moment, by what no rename changes: the numbers of tables and columns. */
export type RememberedHistory = ReadonlyMap<number, RememberedTable>

interface AuditTable {
  readonly oid: number
  readonly name: string
  readonly relfilenode: number
  readonly columns: Readonly<Record<string, string>>
}

interface RememberedTable extends AuditTable {
  readonly last: string
  readonly checksum: string
}

/** Every audit table of the database, retired ones too, with a checksum of its rows. */
export async function rememberHistory(client: pg.ClientBase): Promise<RememberedHistory> {
  const tables = await findAuditTables(client)
  if (tables.length === 0) return new Map()
  const parts = tables.map(
    (
      table,
    ) => `SELECT ${table.oid} AS oid, (SELECT coalesce(max(audit_id), 0)::text FROM ${table.name}) AS last,
      ${checksum(table, Object.keys(table.columns), undefined)} AS checksum`,
  )
  const { rows } = await client.query<{ oid: number; last: string; checksum: string }>(
    parts.join(' UNION ALL '),
  )
  const found = new Map(rows.map(({ oid, ...row }) => [oid, row]))
  return new Map(
    tables.map((table) => [
      table.oid,
      { ...table, ...(found.get(table.oid) ?? { last: '0', checksum: '' }) },
    ]),
  )
}

/** What of the remembered history does not read back unchanged; empty where all does. */
export async function lostHistory(
  client: pg.ClientBase,
  remembered: RememberedHistory,
): Promise<readonly string[]> {
  const tables = new Map((await findAuditTables(client)).map((table) => [table.oid, table]))
  const problems: string[] = []
  for (const before of remembered.values()) {
    const now = tables.get(before.oid)
    if (now === undefined) {
      // down.sql takes the table of waivers away again if it never had a row.
      if (before.last === '0' && before.name.endsWith('.capture_waiver')) continue
      problems.push(`audit table ${before.name} is gone`)
      continue
    }
    if (now.relfilenode !== before.relfilenode) problems.push(`audit table ${before.name} was rewritten`)
    const columns = Object.keys(before.columns)
    const gone = columns.filter((number) => now.columns[number] === undefined)
    if (gone.length > 0) {
      problems.push(
        `columns ${gone.map((number) => before.columns[number]).join()} of ${before.name} are gone`,
      )
      continue
    }
    const { rows } = await client.query<{ checksum: string }>(
      `SELECT ${checksum(now, columns, before.last)} AS checksum`,
    )
    if (rows[0]?.checksum !== before.checksum) {
      problems.push(`rows of ${before.name} up to ${before.last} read differently in ${now.name}`)
    }
  }
  return problems
}

function checksum(table: AuditTable, columns: readonly string[], last: string | undefined): string {
  const values = columns.map((number) => `${pg.escapeIdentifier(table.columns[number] ?? '')}::text`)
  // A baseline may come later, and below all numbers.
  const upTo = `WHERE audit_operation <> 'B'${last === undefined ? '' : ` AND audit_id <= ${last}`}`
  return `(SELECT coalesce(md5(string_agg(ROW(${values.join()})::text, E'\\n' ORDER BY audit_id)), '') FROM ${table.name} ${upTo})`
}

async function findAuditTables(client: pg.ClientBase): Promise<readonly AuditTable[]> {
  const { rows } = await client.query<AuditTable>(`
    SELECT own.oid::int AS oid, format('%I.%I', n.nspname, c.relname) AS name, own.relfilenode::int AS relfilenode,
      (SELECT json_object_agg(a.attnum, a.attname ORDER BY a.attnum) FROM pg_attribute AS a
       WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    -- What became partitioned is, in its oldest partition, the table that it was.
    LEFT JOIN LATERAL (
      SELECT i.inhrelid FROM pg_inherits AS i JOIN pg_class AS p ON p.oid = i.inhrelid
      WHERE i.inhparent = c.oid AND pg_get_expr(p.relpartbound, p.oid) LIKE '%(MINVALUE)%'
    ) AS oldest ON true
    JOIN pg_class AS own ON own.oid = coalesce(oldest.inhrelid, c.oid)
    WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND EXISTS (
      SELECT FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attname = 'audit_transaction_id'
    )
    ORDER BY c.oid`)
  return rows
}
