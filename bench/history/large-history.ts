import type pg from 'pg'

/** Versions that each row of the source has; the first is an insert. */
export const VERSIONS = 20

/** When the first version of the first row was written; each further version follows a day later. */
export const START = new Date('2026-01-01T00:00:00Z')

/** Rows of the source, with `VERSIONS` times as many in its history. */
export async function fillHistory(client: pg.Client, keys: number): Promise<void> {
  const row = (version: string) => `k,
    ('00000000-0000-4000-8000-' || lpad((k % 1000)::text, 12, '0'))::uuid,
    (ARRAY['open', 'paid', 'sent'])[${version} % 3 + 1],
    timestamptz '${START.toISOString()}' + k * interval '1 ms',
    ${version} % 3 > 0, (k % 10000) + ${version}, 'note ' || (${version} / 4) || ' of ' || k, '10.0.0.' || (k % 250),
    CASE WHEN ${version} % 3 = 2 THEN timestamptz '${START.toISOString()}' + ${version} * interval '1 day' END,
    ${version}`
  await client.query('ALTER TABLE "Order" DISABLE TRIGGER USER')
  await client.query(`INSERT INTO "Order"
    SELECT id, customer_id, status::"Status", placed_at, paid, total, note, client_ip, sent_at, version FROM (
      SELECT ${row(`${VERSIONS - 1}`)} FROM generate_series(1, ${keys}) AS k
    ) AS last (id, customer_id, status, placed_at, paid, total, note, client_ip, sent_at, version)`)
  await client.query('ALTER TABLE "Order" ENABLE TRIGGER USER')
  // A version of every row, then the next of every row: no row's history lies in one place.
  for (let version = 0; version < VERSIONS; version += 1) {
    await client.query(`INSERT INTO audit."Order_audit" (audit_operation, audit_operation_timestamp, audit_transaction_timestamp,
        audit_current_user, audit_transaction_id, audit_username, audit_reason,
        id, customer_id, status, placed_at, paid, total, note, client_ip, sent_at, version)
      SELECT '${version === 0 ? 'I' : 'U'}', at, at, 'app', ${1000 + version}, 'user ' || k % 50, 'reason', ${row(String(version))}
      FROM (
        SELECT k, timestamptz '${START.toISOString()}' + ${version} * interval '1 day' + k * interval '1 ms' AS at
        FROM generate_series(1, ${keys}) AS k
      ) AS written`)
  }
  await client.query('VACUUM (ANALYZE) audit."Order_audit"')
  await client.query('VACUUM (ANALYZE) "Order"')
}
