import { expect, test } from 'vitest'
import { apply, audited, followed, history, schemaWith, steps } from './follow-project.ts'

const parent = '/// @audit(enabled)\nmodel Parent {\n  id Int @id\n  note String?\n}\n'
const child = (annotation: string) =>
  `/// ${annotation}\nmodel Child {\n  id Int @id\n  note String?\n  more String?\n}\n`
const init = `CREATE TABLE "Parent" ("id" INTEGER NOT NULL PRIMARY KEY, "note" TEXT);
CREATE TABLE "Child" ("more" TEXT, PRIMARY KEY ("id")) INHERITS ("Parent");
CREATE TABLE "Grandchild" () INHERITS ("Child");
`
const writes = `INSERT INTO "Parent" VALUES (1, 'p'); INSERT INTO "Child" VALUES (2, 'c', 'm'); INSERT INTO "Grandchild" VALUES (3, 'g', 'm');
  UPDATE "Parent" SET note = 'new'; DELETE FROM "Parent" WHERE id = 2; TRUNCATE "Parent"`

test('a table that inherits and its parent have each the history of its own rows, whichever a statement names', async () => {
  const schema = schemaWith(parent + child('@audit(enabled)'))
  const { project, done } = await followed(schema, { '20260101000000_init': init }, '20260102000000')
  expect(project.text.match(/AUD624: "public"."[A-Za-z]*" inherits from the table of "[A-Za-z]*"/g)).toEqual([
    'AUD624: "public"."Grandchild" inherits from the table of "Child"',
    'AUD624: "public"."Grandchild" inherits from the table of "Parent"',
  ])
  const database = await apply(done, { '20260102': writes })
  expect(await history(database, 'audit."Parent_audit"', 'id', 'note')).toEqual([
    { op: 'I', id: 1, note: 'p' },
    { op: 'U', id: 1, note: 'new' },
    { op: 'D', id: 1, note: 'new' },
  ])
  expect(await history(database, 'audit."Child_audit"', 'id', 'note', 'more')).toEqual([
    { op: 'I', id: 2, note: 'c', more: 'm' },
    { op: 'U', id: 2, note: 'new', more: 'm' },
    { op: 'D', id: 2, note: 'new', more: 'm' },
  ])
  await database.drop()
})

test('a child alone is recorded too, and a table that begins to inherit is recorded by row from then on', async () => {
  const schema = schemaWith(parent.replace('@audit(enabled)', 'no') + child('@audit(enabled)'))
  const apart =
    'CREATE TABLE "Parent" ("id" INTEGER NOT NULL PRIMARY KEY, "note" TEXT);\nCREATE TABLE "Child" ("id" INTEGER NOT NULL PRIMARY KEY, "note" TEXT, "more" TEXT);\n'
  const folder = {
    ...(await audited(schema, apart)),
    '20260103000000_inherit': 'ALTER TABLE "Child" INHERIT "Parent";\n',
  }
  const { project, done } = await followed(schema, folder)
  expect(steps(project)).toEqual(['changeLevel Child'])
  expect(project.text).not.toContain('AUD624')
  const database = await apply(done, {
    '20260104': `INSERT INTO "Child" VALUES (2, 'c', 'm'); UPDATE "Parent" SET note = 'new'`,
  })
  expect(await history(database, 'audit."Child_audit"', 'id', 'note')).toEqual([
    { op: 'I', id: 2, note: 'c' },
    { op: 'U', id: 2, note: 'new' },
  ])
  const left = await followed(
    schema,
    { ...done, '20260105000000_alone': 'ALTER TABLE "Child" NO INHERIT "Parent";\n' },
    '20260106000000',
  )
  expect(steps(left.project)).toEqual(['changeLevel Child'])
  await database.drop()
})

test('partitions are no heirs', async () => {
  const { project } = await followed(
    schemaWith(parent),
    {
      '20260101000000_init': `CREATE TABLE "Parent" ("id" INTEGER NOT NULL PRIMARY KEY, "note" TEXT) PARTITION BY RANGE ("id");
CREATE TABLE "one" PARTITION OF "Parent" FOR VALUES FROM (0) TO (10);\n`,
    },
    '20260102000000',
  )
  expect(project.text).not.toContain('AUD624')
})
