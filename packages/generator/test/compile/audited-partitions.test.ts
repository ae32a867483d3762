import { expect, test } from 'vitest'
import type { TestDatabase } from '../../../../test/support/test-database.ts'
import { findTable } from '../../src/state/database-state.ts'
import { desiredState } from '../../src/state/desired-state.ts'
import { compareAll } from '../sql/comparing.ts'
import { foldHistory, liveRows } from '../sql/fold-history.ts'
import { connected } from '../sql/sealing.ts'
import { type CompiledProject, compileProject } from './compile-project.ts'
import { apply, audited, followed, history, schemaWith, steps } from './follow-project.ts'

/** `Eu` alone is audited, unless other annotations are given. */
const schema = (eu = '@audit(enabled)', event = 'no') => {
  const columns = '  region String\n  id Int\n  note String?\n  @@id([region, id])\n'
  return schemaWith(`/// ${event}\nmodel Event {\n${columns}}\n\n/// ${eu}\nmodel Eu {\n${columns}}\n`)
}
const COLUMNS = '("region" TEXT NOT NULL, "id" INTEGER NOT NULL, "note" TEXT, PRIMARY KEY ("region", "id"))'
const ROOT = `CREATE TABLE "Event" ${COLUMNS} PARTITION BY LIST ("region");
CREATE TABLE "Rest" PARTITION OF "Event" DEFAULT;\n`
const EU = `CREATE TABLE "Eu" PARTITION OF "Event" FOR VALUES IN ('eu');\n`
const APART = `CREATE TABLE "Eu" ${COLUMNS};\n`
const ATTACH = `ALTER TABLE "Event" ATTACH PARTITION "Eu" FOR VALUES IN ('eu');\n`
const EU_HISTORY = 'audit."Eu_audit"'

const rows = async (database: TestDatabase, table = EU_HISTORY) =>
  (await history(database, table, 'region', 'id', 'note')).map((row) => Object.values(row).join(' '))

/** The fold of the history is the table, and `verify --live` says so. */
async function expectWhole(database: TestDatabase, { model }: CompiledProject, name = 'Eu') {
  const table = findTable(desiredState(model), { schema: 'public', name })
  if (table === undefined) throw new Error('not audited')
  const query = (sql: string) => database.query<{ row: string }>(sql)
  expect(await foldHistory(query, table)).toEqual(await liveRows(query, table))
  const compared = await compareAll(await connected(database), table)
  expect(compared).toMatchObject({ pass: 'done', untold: 0, missed: 0, findings: [] })
}

test('an audited partition records whatever is written through its root, and nothing of other partitions', async () => {
  const { project, done } = await followed(schema(), { '20260101000000_init': ROOT + EU })
  expect(project.text).toContain('info AUD604: "public"."Eu" is a partition: it is recorded row by row')
  const database = await apply(done, {
    '20260104': `INSERT INTO "Event" VALUES ('eu', 1, 'a'), ('us', 2, 'b'), ('eu', 3, 'c'), ('eu', 5, 'e'); INSERT INTO "Eu" VALUES ('eu', 4, 'd');
      INSERT INTO "Event" VALUES ('eu', 1, 'x'), ('us', 9, 'x') ON CONFLICT ("region", "id") DO UPDATE SET note = 'upserted';
      UPDATE "Event" SET id = 30 WHERE id = 3; UPDATE "Event" SET region = 'us' WHERE id = 4; UPDATE "Event" SET region = 'eu' WHERE id = 2;
      DELETE FROM "Event" WHERE id = 5; UPDATE "Event" SET note = 'z' WHERE id = 9`,
  })
  expect(await rows(database)).toEqual([
    'I eu 1 a',
    'I eu 3 c',
    'I eu 5 e',
    'I eu 4 d',
    'U eu 1 upserted',
    'D eu 3 c',
    'U eu 30 c',
    'D eu 4 d',
    'I eu 2 b',
    'D eu 5 e',
  ])
  await expectWhole(database, project)
  await database.query('TRUNCATE "Event"')
  expect((await rows(database)).slice(10).toSorted()).toEqual(['D eu 1 upserted', 'D eu 2 b', 'D eu 30 c'])
  await database.query(`INSERT INTO "Event" VALUES ('eu', 1, 'a'), ('us', 1, 'a'); TRUNCATE "Eu"`)
  expect((await rows(database)).slice(13)).toEqual(['I eu 1 a', 'D eu 1 a'])
  await expectWhole(database, project)
  await database.drop()
})

test('TRUNCATE CASCADE of a table that the root refers to leaves a D for each row of an audited partition', async () => {
  const parent = 'CREATE TABLE "Region" ("region" TEXT PRIMARY KEY);\n'
  const refers = 'ALTER TABLE "Event" ADD FOREIGN KEY ("region") REFERENCES "Region";\n'
  const { project, done } = await followed(schema(), { '20260101000000_init': parent + ROOT + refers + EU })
  const database = await apply(done, {
    '20260104': `INSERT INTO "Region" VALUES ('eu'), ('us'); INSERT INTO "Event" VALUES ('eu', 1, 'a'), ('us', 2, 'b'); TRUNCATE "Region" CASCADE`,
  })
  expect(await rows(database)).toEqual(['I eu 1 a', 'D eu 1 a'])
  await expectWhole(database, project)
  await database.drop()
})

test('a table that is attached is recorded by row from then on, and by statement once it is detached', async () => {
  const folder = { ...(await audited(schema(), ROOT + APART)), '20260103000000_attach': ATTACH }
  const { project, done } = await followed(schema(), folder)
  expect(steps(project)).toEqual(['changeLevel Eu'])
  expect(project.text).toMatch(
    /20260103000000_attach\/migration\.sql:1:1 - warning AUD629: What is written to "Eu" by a statement on "public"\."Event" is not recorded/,
  )
  const inOne = await compileProject(schema(), folder, { draft: '20260103000000_attach' })
  expect([steps(inOne), inOne.text]).toEqual([['changeLevel Eu'], expect.not.stringContaining('AUD629')])
  const database = await apply(done, {
    '20260102': `INSERT INTO "Eu" VALUES ('eu', 1, 'apart')`,
    '20260104': `UPDATE "Event" SET note = 'attached'; INSERT INTO "Event" VALUES ('eu', 2, 'b'), ('us', 3, 'c')`,
  })
  expect(await rows(database)).toEqual(['I eu 1 apart', 'U eu 1 attached', 'I eu 2 b'])
  await expectWhole(database, project)
  const left = await followed(
    schema(),
    { ...done, '20260105000000_detach': 'ALTER TABLE "Event" DETACH PARTITION "Eu";\n' },
    '20260106000000',
  )
  expect(steps(left.project)).toEqual(['changeLevel Eu'])
  for (const [name, sql] of Object.entries(left.done)) if (name > '20260105') await database.query(sql)
  await database.query(`INSERT INTO "Event" VALUES ('eu', 9, 'no more'); DELETE FROM "Eu" WHERE id = 1`)
  expect((await rows(database)).slice(3)).toEqual(['D eu 1 attached'])
  expect(
    await database.query(
      `SELECT DISTINCT tgtype & 1 AS row FROM pg_trigger WHERE tgrelid = '"Eu"'::regclass AND tgname IN ('audit_insert', 'audit_update', 'audit_delete')`,
    ),
  ).toEqual([{ row: 0 }])
  await expectWhole(database, project)
  await database.drop()
})

test('rows from before the audit of a partition get their baseline, those of others do not', async () => {
  const wish = schema('@audit(enabled, backfill: true)')
  const { project, done } = await followed(wish, { '20260101000000_init': ROOT + EU })
  const database = await apply(done, {
    '20260101': `INSERT INTO "Event" VALUES ('eu', 1, 'a'), ('us', 2, 'b')`,
    '20260104': `UPDATE "Event" SET note = 'new'`,
  })
  expect(await rows(database)).toEqual(['B eu 1 a', 'U eu 1 new'])
  await expectWhole(database, project)
  await database.drop()
})

test('a partition of a partition is recorded, written through either; one with partitions of its own, too', async () => {
  const middle = `CREATE TABLE "Middle" PARTITION OF "Event" FOR VALUES IN ('eu', 'uk') PARTITION BY LIST ("region");
CREATE TABLE "Eu" PARTITION OF "Middle" FOR VALUES IN ('eu') PARTITION BY RANGE ("id");
CREATE TABLE "Low" PARTITION OF "Eu" FOR VALUES FROM (0) TO (10);
CREATE TABLE "High" PARTITION OF "Eu" FOR VALUES FROM (10) TO (99);\n`
  const { project, done } = await followed(schema(), { '20260101000000_init': ROOT + middle })
  const database = await apply(done, {
    '20260104': `INSERT INTO "Event" VALUES ('eu', 1, 'a'); INSERT INTO "Middle" VALUES ('eu', 2, 'b'); INSERT INTO "Low" VALUES ('eu', 3, 'c');
      UPDATE "Middle" SET id = 10 WHERE id = 1; UPDATE "Low" SET note = 'l' WHERE id = 3`,
  })
  expect((await rows(database)).toSorted()).toEqual(
    ['I eu 1 a', 'I eu 2 b', 'I eu 3 c', 'D eu 1 a', 'I eu 10 a', 'U eu 3 l'].toSorted(),
  )
  await expectWhole(database, project)
  await database.query('TRUNCATE "Middle"')
  expect(await rows(database)).toHaveLength(9)
  await expectWhole(database, project)
  await database.drop()
})

test('a partition of an audited table that is to have the same triggers is refused: its rows are in that history', async () => {
  const both = schema('@audit(enabled)', '@audit(enabled)')
  const project = await compileProject(both, { '20260101000000_init': ROOT + EU })
  expect(project.migration).toBeUndefined()
  expect(project.text).toContain(
    'error AUD628: "public"."Eu" is a partition of the table of "Event", which is audited: what is written to it is in that history already.',
  )
  expect(project.text).toMatch(/schema\.prisma:\d+:\d+ - error AUD628/)
})

test('a partition that another migration attaches to an audited table is refused in the same words', async () => {
  const both = schema('@audit(enabled)', '@audit(enabled)')
  const folder = { ...(await audited(both, ROOT + APART)), '20260103000000_attach': ATTACH }
  expect((await compileProject(both, folder)).text).toContain('AUD628')
})

// The tables of a migration come in the order of their names, but for those whose audit ends.
test.each([
  ['the whole to a partition', 'Event', 'Eu', 'Event'],
  ['the whole to a partition that sorts behind it', 'Aa', 'Eu', 'Aa'],
  ['a partition to the whole', 'Event', 'Eu', 'Eu'],
  ['a partition to the whole, which sorts before it', 'Aa', 'Eu', 'Eu'],
])('the audit moves from %s in one migration, and back by its down.sql', async (_, root, part, first) => {
  const named = (text: string) => text.replaceAll(/\bEvent\b/g, root)
  const of = (audited: string) => {
    const wish = (model: string) => (model === audited ? '@audit(enabled)' : '@audit(disabled)')
    return named(schema(wish(part), wish(root)))
  }
  const second = first === root ? part : root
  const start = await audited(of(first), named(ROOT + EU))
  const { project, done } = await followed(of(second), start)
  const database = await apply(done, { '20260104': `INSERT INTO "${root}" VALUES ('eu', 1, 'a')` })
  expect(await rows(database, `audit."${second}_audit"`)).toEqual(['I eu 1 a'])
  await database.query(project.migration?.downSql ?? '')
  await database.query(`UPDATE "${root}" SET note = 'b'`)
  expect(await rows(database, `audit."${first}_audit"`)).toEqual(['U eu 1 b'])
  expect(await rows(database, `audit."${second}_audit"`)).toHaveLength(1)
  await database.drop()
})

test('with triggers of other names a partition has a history of its own beside that of its root, each whole', async () => {
  const both = schema('@audit(enabled, trigger: "audit_eu_{operation}")', '@audit(enabled)')
  const { project, done } = await followed(both, { '20260101000000_init': ROOT + EU })
  expect(project.text).not.toContain('AUD628')
  const database = await apply(done, {
    '20260104': `INSERT INTO "Event" VALUES ('eu', 1, 'a'), ('us', 2, 'b'); UPDATE "Event" SET id = 3 WHERE id = 1; UPDATE "Event" SET region = 'us' WHERE id = 3;
      INSERT INTO "Eu" VALUES ('eu', 4, 'd')`,
  })
  expect(await rows(database)).toEqual(['I eu 1 a', 'D eu 1 a', 'U eu 3 a', 'D eu 3 a', 'I eu 4 d'])
  expect(await rows(database, 'audit."Event_audit"')).toEqual([
    'I eu 1 a',
    'I us 2 b',
    'D eu 1 a',
    'U eu 3 a',
    'D eu 3 a',
    'I us 3 a',
    'I eu 4 d',
  ])
  for (const name of ['Eu', 'Event']) await expectWhole(database, project, name)
  await database.query('TRUNCATE "Event"')
  for (const name of ['Eu', 'Event']) await expectWhole(database, project, name)
  await database.drop()
})

test('a table that is attached to one that no migration creates is recorded by row, too', async () => {
  const folder = { ...(await audited(schema(), APART)), '20260103000000_attach': ATTACH }
  const { project, done } = await followed(schema(), folder)
  expect(steps(project)).toEqual(['changeLevel Eu'])
  expect(project.text).toContain('by a statement on what it is a partition of is not recorded')
  const database = await apply(
    { '20260101000000': ROOT, ...done },
    {
      '20260104': `INSERT INTO "Event" VALUES ('eu', 1, 'a')`,
    },
  )
  expect(await rows(database)).toEqual(['I eu 1 a'])
  await database.drop()
})

test('a partition that no migration shows is refused by the database, before anything is made for it', async () => {
  const { done } = await followed(schema(), { '20260101000000_init': ROOT + APART })
  await expect(apply(done, { '20260101': ATTACH })).rejects.toMatchObject({
    code: '0A000',
    message: 'table "public"."Eu" is a partition and cannot be audited statement by statement',
    hint: expect.stringContaining('level: row'),
  })
  const byRow = await followed(schema('@audit(enabled, level: row)'), { '20260101000000_init': ROOT + APART })
  const database = await apply(byRow.done, {
    '20260101': ATTACH,
    '20260104': `INSERT INTO "Event" VALUES ('eu', 1, 'a')`,
  })
  expect(await rows(database)).toEqual(['I eu 1 a'])
  await database.drop()
})
