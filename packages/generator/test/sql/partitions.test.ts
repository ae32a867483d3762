import { expect, it } from 'vitest'
import { column, install, table } from './fixture.ts'
import { databaseToPartition, monthAhead, order, partitioned, partitionsOf } from './partitioning.ts'
import { auditedDatabase } from './sealing.ts'

it('a partitioned history has a partition for each of the next twelve months, and one for everything else', async () => {
  const database = await auditedDatabase('', partitioned(order))
  const partitions = await partitionsOf(database)
  expect(partitions.at(0)?.bound).toBe(`FOR VALUES FROM (MINVALUE) TO ('${monthAhead(1)}')`)
  expect(partitions.at(-1)).toEqual({ name: 'Order_audit_default', bound: 'DEFAULT' })
  expect(partitions.at(-2)?.bound).toBe(`FOR VALUES FROM ('${monthAhead(12)}') TO ('${monthAhead(13)}')`)
  expect(partitions).toHaveLength(14)
})

it('an existing history becomes the oldest partition without a row being written', async () => {
  const { database, second } = await databaseToPartition(
    order,
    `INSERT INTO "Order" SELECT g, 'note ' || g FROM generate_series(1, 50) AS g; UPDATE "Order" SET note = 'new' WHERE id < 20`,
  )
  const before = await database.query('SELECT * FROM audit."Order_audit" ORDER BY audit_id')
  const file = `SELECT pg_relation_filenode(c.oid) AS file, c.relname AS name FROM pg_class AS c WHERE c.oid = $1::oid`
  const [old] = await database.query<{ oid: number }>(`SELECT 'audit."Order_audit"'::regclass::oid AS oid`)
  const [fileBefore] = await database.query<{ file: number }>(file.replace('$1', String(old?.oid)))
  await database.query(second.up)
  const [fileAfter] = await database.query<{ file: number; name: string }>(
    file.replace('$1', String(old?.oid)),
  )
  expect(fileAfter?.file).toBe(fileBefore?.file)
  expect(fileAfter?.name).toBe(`Order_audit_until_${monthAhead(2).slice(0, 7).replace('-', '_')}`)
  expect(await database.query('SELECT * FROM audit."Order_audit" ORDER BY audit_id')).toEqual(before)
  await database.query(`UPDATE "Order" SET note = 'after' WHERE id = 1`)
  const rows = await database.query<{ audit_id: string }>(
    'SELECT audit_id FROM audit."Order_audit" ORDER BY audit_id',
  )
  expect(rows).toHaveLength(before.length + 1)
  expect(new Set(rows.map(({ audit_id }) => audit_id)).size).toBe(rows.length)
  // The migration again, as after a section that failed.
  await database.query(second.up)
  expect(await partitionsOf(database)).toHaveLength(13)
})

it('a row that is of no partition is recorded, and the partition that took it becomes that of its time', async () => {
  const database = await auditedDatabase('', partitioned(order))
  // As if nobody had made partitions for long: only the oldest is left, and it ended two years ago.
  await database.query(`
    DO $$ DECLARE part regclass; BEGIN
      FOR part IN SELECT inhrelid FROM pg_inherits WHERE inhparent = 'audit."Order_audit"'::regclass AND inhrelid <> 'audit."Order_audit_default"'::regclass LOOP
        EXECUTE format('DROP TABLE %s', part);
      END LOOP;
    END $$;
    CREATE TABLE audit.old (LIKE audit."Order_audit" INCLUDING CONSTRAINTS);
    ALTER TABLE audit."Order_audit" ATTACH PARTITION audit.old FOR VALUES FROM (MINVALUE) TO ('2024-01-01 00:00:00+00');`)
  await database.query(`INSERT INTO "Order" VALUES (1, 'late')`)
  expect(await database.query('SELECT note FROM audit."Order_audit_default"')).toEqual([{ note: 'late' }])
  await database.query(`CALL audit.partition_history('audit."Order_audit"', 'month')`)
  const partitions = await partitionsOf(database)
  expect(partitions[1]?.bound).toBe(`FOR VALUES FROM ('2024-01-01 00:00:00+00') TO ('${monthAhead(1)}')`)
  expect(await database.query('SELECT note FROM audit."Order_audit_default"')).toEqual([])
  expect(await database.query('SELECT note FROM audit."Order_audit"')).toEqual([{ note: 'late' }])
  expect(partitions.at(-2)?.bound).toContain(`TO ('${monthAhead(13)}')`)
  await database.query(`INSERT INTO "Order" VALUES (2, 'now')`)
  await expect(database.query('DELETE FROM audit."Order_audit_default"')).rejects.toMatchObject({
    code: 'AU002',
  })
})

it('quarters and years, and a change from months to quarters, end where they should', async () => {
  const database = await auditedDatabase(
    '',
    partitioned(order, 'quarter'),
    partitioned(table('Item'), 'year'),
  )
  const year = new Date().getUTCFullYear()
  const quarters = await partitionsOf(database)
  expect(quarters.map(({ name }) => name)).toContain(`Order_audit_${year + 1}_q1`)
  for (const { bound } of quarters.slice(1, -1)) expect(bound).toMatch(/FROM \('\d+-(01|04|07|10)-01 /)
  const years = await partitionsOf(database, '"audit"."Item_audit"')
  expect(years.map(({ name }) => name)).toContain(`Item_audit_${year + 1}`)
  await database.query(`CALL audit.partition_history('audit."Item_audit"', 'month')`)
  await expect(
    database.query(`CALL audit.partition_history('audit."Item_audit"', 'week')`),
  ).rejects.toMatchObject({
    code: '22023',
  })
})

it('nobody changes a partition, whoever owns it, and nobody but the owner reads it', async () => {
  const database = await auditedDatabase(`INSERT INTO "Order" VALUES (1, 'a')`, partitioned(order))
  for (const { name } of await partitionsOf(database)) {
    for (const attack of [
      `UPDATE audit."${name}" SET note = 'x'`,
      `DELETE FROM audit."${name}"`,
      `TRUNCATE audit."${name}"`,
    ]) {
      await expect(database.query(attack)).rejects.toMatchObject({ code: 'AU002' })
      await expect(
        database.query(`BEGIN; SET LOCAL session_replication_role = replica; ${attack}; COMMIT`),
      ).rejects.toMatchObject({ code: 'AU002' })
      await database.query('ROLLBACK')
    }
    const acl = await database.query(
      `SELECT FROM pg_class AS c, aclexplode(c.relacl) AS a WHERE c.relname = '${name}' AND a.grantee <> c.relowner`,
    )
    expect(acl).toEqual([])
  }
})

it('names of 63 bytes, with quotes and of many bytes a letter, have partitions of their own', async () => {
  const long = { ...table('Order'), names: { ...order.names, table: `ü"${'ö'.repeat(29)}x` } }
  const database = await auditedDatabase(
    `INSERT INTO "Order" VALUES (1, 'a')`,
    partitioned({ ...long, columns: [column('id', 'integer'), column('note', 'text')] }),
  )
  const partitions = await partitionsOf(database, `"audit"."${long.names.table.replace('"', '""')}"`)
  expect(partitions).toHaveLength(14)
  for (const { name } of partitions) expect(Buffer.byteLength(name)).toBeLessThanOrEqual(63)
  expect(install(partitioned(order))).toBe(install(partitioned(order)))
})
