import { beforeEach, describe, expect, it } from 'vitest'
import { createDatabase, type TestDatabase } from '../../../../test/support/test-database.ts'
import type { AuditedTable } from '../../src/model/audit-model.ts'
import { findTable } from '../../src/state/database-state.ts'
import { column, install, state, table, up } from './fixture.ts'
import { foldHistory, liveRows } from './fold-history.ts'

const event = table('Event', {
  level: 'row',
  columns: [column('region', 'text'), column('id', 'integer'), column('note', 'text')],
  key: ['region', 'id'],
})
const SOURCE = `CREATE TABLE "Event" (region text, id int, note text, hidden text, PRIMARY KEY (region, id)) PARTITION BY LIST (region);
  CREATE TABLE "Event_eu" PARTITION OF "Event" FOR VALUES IN ('eu');
  CREATE TABLE "Event_us" PARTITION OF "Event" FOR VALUES IN ('us') PARTITION BY RANGE (id);
  CREATE TABLE "Event_us_1" PARTITION OF "Event_us" FOR VALUES FROM (0) TO (1000);`

let database: TestDatabase
const run = (sql: string) => database.query(sql)
const history = async () =>
  (
    await database.query<{ row: string }>(
      `SELECT audit_operation || ' ' || ROW(region, id, note)::text AS row FROM audit."Event_audit" ORDER BY audit_id`,
    )
  ).map(({ row }) => row)

async function installed(wishes: Partial<AuditedTable> = {}) {
  await run(SOURCE + install({ ...event, ...wishes }))
}

async function expectFoldedToTable() {
  const audited = findTable(state(event), event.source)
  if (audited === undefined) throw new Error('the fixture lost its table')
  const query = (sql: string) => database.query<{ row: string }>(sql)
  expect(await foldHistory(query, audited)).toEqual(await liveRows(query, audited))
}

beforeEach(async () => {
  database = await createDatabase()
  return () => database.drop()
})

describe('a partitioned table', () => {
  it('is recorded whether a row is written by the name of the table or of a partition, at any depth', async () => {
    await installed()
    await run(`INSERT INTO "Event" VALUES ('eu', 1, 'a'), ('us', 2, 'b');
      INSERT INTO "Event_eu" VALUES ('eu', 3, 'c'); INSERT INTO "Event_us_1" VALUES ('us', 4, 'd');
      UPDATE "Event_us" SET note = 'e' WHERE id = 2; DELETE FROM "Event_us_1" WHERE id = 4; UPDATE "Event" SET note = 'z' WHERE id = 1`)
    expect(await history()).toEqual([
      'I (eu,1,a)',
      'I (us,2,b)',
      'I (eu,3,c)',
      'I (us,4,d)',
      'U (us,2,e)',
      'D (us,4,d)',
      'U (eu,1,z)',
    ])
    await expectFoldedToTable()
  })

  it('shows a row that moves to another partition as a D and an I', async () => {
    await installed()
    await run(`INSERT INTO "Event" VALUES ('eu', 1, 'a'); UPDATE "Event" SET region = 'us'`)
    expect(await history()).toEqual(['I (eu,1,a)', 'D (eu,1,a)', 'I (us,1,a)'])
    await expectFoldedToTable()
  })

  it('ends the old key of a row that stays in its partition', async () => {
    await installed()
    await run(`INSERT INTO "Event" VALUES ('eu', 1, 'a'); UPDATE "Event_eu" SET id = 2`)
    expect(await history()).toEqual(['I (eu,1,a)', 'D (eu,1,a)', 'U (eu,2,a)'])
  })

  it('records partitions that are created and attached later, and no more those that are detached', async () => {
    await installed()
    await run(`CREATE TABLE "Event_asia" PARTITION OF "Event" FOR VALUES IN ('asia');
      CREATE TABLE "Event_africa" (LIKE "Event" INCLUDING ALL); INSERT INTO "Event_africa" VALUES ('africa', 1, 'before');
      ALTER TABLE "Event" ATTACH PARTITION "Event_africa" FOR VALUES IN ('africa');
      INSERT INTO "Event_asia" VALUES ('asia', 1, 'a'); INSERT INTO "Event_africa" VALUES ('africa', 2, 'b');
      ALTER TABLE "Event" DETACH PARTITION "Event_africa"; INSERT INTO "Event_africa" VALUES ('africa', 3, 'after')`)
    expect(await history()).toEqual(['I (asia,1,a)', 'I (africa,2,b)'])
  })

  it('leaves a D for every row of every partition on TRUNCATE', async () => {
    await installed()
    await run(`INSERT INTO "Event" VALUES ('eu', 1, 'a'), ('us', 2, 'b'); TRUNCATE "Event"`)
    expect((await history()).slice(2).toSorted()).toEqual(['D (eu,1,a)', 'D (us,2,b)'])
    await expectFoldedToTable()
  })

  it('upserts and updates that change nothing are as on any other table', async () => {
    await installed({ updates: 'changed' })
    await run(`INSERT INTO "Event" VALUES ('eu', 1, 'a'), ('us', 2, 'b');
      INSERT INTO "Event" VALUES ('eu', 1, 'x') ON CONFLICT (region, id) DO UPDATE SET note = EXCLUDED.note;
      UPDATE "Event" SET note = note; UPDATE "Event_us_1" SET hidden = 'h'; UPDATE "Event_us_1" SET note = 'y'`)
    expect(await history()).toEqual(['I (eu,1,a)', 'I (us,2,b)', 'U (eu,1,x)', 'U (us,2,y)'])
  })

  it('gets another condition in all its partitions', async () => {
    await installed()
    const changed = { ...event, updates: 'changed' } as const
    await run(up(state(changed), state(event)))
    await run(`INSERT INTO "Event" VALUES ('eu', 1, 'a'); UPDATE "Event_eu" SET note = note`)
    await run(up(state(event), state(changed)))
    await run('UPDATE "Event_eu" SET note = note')
    expect(await history()).toEqual(['I (eu,1,a)', 'U (eu,1,a)'])
  })

  it('that lacks a column is refused before anything is made for it', async () => {
    await expect(run(SOURCE.replace('note text, ', '') + install(event))).rejects.toMatchObject({
      code: '42703',
    })
  })

  it('may have its audit taken off again, in all its partitions', async () => {
    await installed()
    await run(up(state(), state(event)))
    await run(`INSERT INTO "Event_eu" VALUES ('eu', 1, 'a')`)
    expect(await history()).toEqual([])
  })
})

it('TRUNCATE of a table that others inherit from leaves a D for its own rows, and for theirs none', async () => {
  const parent = table('Parent', { level: 'row' })
  await run(
    `CREATE TABLE "Parent" (id int PRIMARY KEY, note text); CREATE TABLE "Child" () INHERITS ("Parent"); ${install(parent)}`,
  )
  await run(
    `INSERT INTO "Parent" VALUES (1, 'p'); INSERT INTO "Child" VALUES (2, 'c'); TRUNCATE ONLY "Parent"`,
  )
  expect(
    await database.query('SELECT audit_operation AS op, id FROM audit."Parent_audit" ORDER BY audit_id'),
  ).toEqual([
    { op: 'I', id: 1 },
    { op: 'D', id: 1 },
  ])
})
