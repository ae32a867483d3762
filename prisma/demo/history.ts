import Table from 'cli-table3'
import pg from 'pg'

/** One audit row of any table, its source columns as JSON. */
type AuditRow = {
  readonly at: string
  readonly operation: string
  readonly table: string
  readonly who: string
  readonly why: string | null
  readonly values: Readonly<Record<string, unknown>>
}

/** All audit tables as one table in the order of writing: when, who, why, what. */
export async function renderHistory(connectionString: string): Promise<string> {
  const client = new pg.Client({ connectionString })
  await client.connect()
  try {
    const table = new Table({
      head: ['when', 'who', 'why', 'table', 'op', 'what'],
      colWidths: [14, 14, 18, 20, 4, 62],
      wordWrap: true,
      style: { head: [], border: [], compact: true },
    })
    const last = new Map<string, AuditRow>()
    for (const row of await readRows(client)) {
      const key = `${row.table} ${keyText(row)}`
      table.push([row.at, row.who, row.why ?? '', row.table, row.operation, describe(row, last.get(key))])
      last.set(key, row)
    }
    return table.toString()
  } finally {
    await client.end()
  }
}

async function readRows(client: pg.Client): Promise<AuditRow[]> {
  const { rows: tables } = await client.query<{ name: string; label: string }>(
    `SELECT format('%I.%I', table_schema, table_name) AS name, regexp_replace(table_name, '_audit$', '') AS label
     FROM information_schema.columns
     WHERE table_schema = 'audit' AND column_name = 'audit_operation' ORDER BY 1`,
  )
  const selects = tables.map(
    ({ name, label }) =>
      `SELECT audit_operation_timestamp AS time, audit_id AS id, ${pg.escapeLiteral(label)} AS label, to_jsonb(a) AS row
       FROM ${name} AS a`,
  )
  const { rows } = await client.query<AuditRow>(
    `SELECT to_char(time AT TIME ZONE 'UTC', 'HH24:MI:SS.MS') AS at, label AS table,
            row->>'audit_operation' AS operation, row->>'audit_username' AS who, row->>'audit_reason' AS why,
            (SELECT jsonb_object_agg(key, value) FROM jsonb_each(row) WHERE key !~ '^audit_') AS values
     FROM (${selects.join(' UNION ALL ')}) AS history ORDER BY time, label, id`,
  )
  return rows
}

const keys = ['id', 'slug', 'order_id line_no', 'customer_id label', 'product_id category_slug']

function keyText({ values }: AuditRow): string {
  const columns =
    keys.map((key) => key.split(' ')).find((names) => names.every((name) => name in values)) ?? []
  return columns.map((name) => short(values[name])).join('/')
}

/** What differs from the row's last state; for a new row, all that it holds. */
function describe(row: AuditRow, before: AuditRow | undefined): string {
  if (row.operation === 'D') return `${keyText(row)} is gone`
  const shown = Object.entries(row.values).filter(([, value]) => value !== null && value !== false)
  if (row.operation === 'I' || !before) {
    return `${keyText(row)}: ${shown
      .slice(0, 5)
      .map(([name, value]) => `${name} ${short(value)}`)
      .join(', ')}`
  }
  const changed = Object.entries(row.values)
    .filter(([name, value]) => name !== 'updated_at' && short(value) !== short(before.values[name]))
    .map(([name, value]) => `${name} ${short(before.values[name])} → ${short(value)}`)
  return `${keyText(row)}: ${changed.join(', ')}`
}

function short(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return /^[0-9a-f]{8}-[0-9a-f-]{27}$/.test(text) ? `${text.slice(0, 8)}…` : text
}
