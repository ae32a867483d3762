import fc from 'fast-check'
import { expect, it, vi } from 'vitest'
import { table } from './fixture.ts'
import { IS_FULL, SEED } from './folding-property.ts'
import { everyType, honestWrites, manipulations, ROWS, SIZE, UNGUARDED } from './manipulations.ts'
import { auditedDatabase, connected, findingsOf, seal, unguarded, verify, verifyHere } from './sealing.ts'

vi.setConfig({ testTimeout: 600_000 })

it('any row that is changed, removed or inserted is found with its range, and so is a seal that is', async () => {
  const database = await auditedDatabase(honestWrites, everyType)
  const client = await connected(database)
  expect(await seal(client, { size: SIZE })).toMatchObject([{ rows: ROWS, ranges: ROWS / SIZE }])
  const found = new Map<string, number>()
  await fc.assert(
    fc.asyncProperty(manipulations, async ({ says, sql, id, seal: number }) => {
      await client.query('BEGIN')
      try {
        expect(await findingsOf(verifyHere(client))).toEqual([])
        await client.query(`SET LOCAL search_path = public; ${UNGUARDED}; ${sql}`)
        const { findings } = await verifyHere(client)
        const named = findings.filter(
          ({ firstId, lastId, firstSeal, lastSeal }) =>
            (id !== undefined &&
              firstId !== undefined &&
              lastId !== undefined &&
              firstId <= id &&
              id <= lastId) ||
            (number !== undefined && firstSeal <= number && number <= lastSeal),
        )
        expect(named, `${says}: ${sql}`).not.toEqual([])
        // Nothing is said of ranges that nobody touched; where the chain itself is touched the next seal is, too.
        const ids = findings.flatMap(({ firstId, lastId }) =>
          firstId === undefined || lastId === undefined ? [] : [Number(lastId - firstId)],
        )
        if (id !== undefined && !/column|swapped|table/.test(says))
          expect(ids, says).toEqual([id <= SIZE ? SIZE : SIZE - 1])
        found.set(says.split(':')[0] ?? '', (found.get(says.split(':')[0] ?? '') ?? 0) + 1)
      } finally {
        await client.query('ROLLBACK')
      }
    }),
    { numRuns: IS_FULL ? 1000 : 100, seed: SEED, endOnFailure: true },
  )
  console.info([...found].map(([kind, count]) => `${count} × ${kind}`).join('\n'))
  expect(await findingsOf(verify(client))).toEqual([])
})

it('a partition of a history that is detached is missed, with its ranges', async () => {
  const database = await auditedDatabase('SELECT 1', table('Order'))
  const client = await connected(database)
  const { rows } = await client.query<{ major: number }>(
    `SELECT current_setting('server_version_num')::int / 10000 AS major`,
  )
  if ((rows[0]?.major ?? 0) < 17)
    return void console.info('before PostgreSQL 17 a partitioned table has no identity column')
  const column =
    'audit_operation, audit_operation_timestamp, audit_transaction_timestamp, audit_current_user, audit_transaction_id, id'
  await database.query(
    `CREATE TABLE audit.parted (
       audit_id bigint GENERATED ALWAYS AS IDENTITY, audit_operation char(1), audit_operation_timestamp timestamptz,
       audit_transaction_timestamp timestamptz, audit_current_user text, audit_transaction_id bigint, id int, PRIMARY KEY (audit_id)
     ) PARTITION BY RANGE (audit_id);
     CREATE TABLE audit.parted_1 PARTITION OF audit.parted FOR VALUES FROM (1) TO (16);
     CREATE TABLE audit.parted_2 PARTITION OF audit.parted FOR VALUES FROM (16) TO (100);
     CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit.parted EXECUTE FUNCTION audit.append_only();
     INSERT INTO audit.parted (${column}) SELECT 'I', now(), now(), 'x', 1, g FROM generate_series(1, 35) g`,
  )
  expect(await seal(client)).toMatchObject([{ rows: 0 }, { rows: 35 }])
  expect(await findingsOf(verify(client))).toEqual([])
  await database.query('ALTER TABLE audit.parted DETACH PARTITION audit.parted_2')
  expect(await findingsOf(verify(client))).toEqual(['rows-removed 11–35'])
  await database.query(
    'ALTER TABLE audit.parted ATTACH PARTITION audit.parted_2 FOR VALUES FROM (16) TO (100)',
  )
  expect(await findingsOf(verify(client))).toEqual([])
  await database.query(unguarded('audit.parted', 'UPDATE audit.parted SET id = 0 WHERE audit_id = 33'))
  expect(await findingsOf(verify(client))).toEqual(['rows-changed 31–35'])
})
