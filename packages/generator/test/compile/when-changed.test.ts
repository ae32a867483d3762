import { expect, test } from 'vitest'
import { compileProject } from './compile-project.ts'
import { apply, audited, followed, history, schemaWith, steps } from './follow-project.ts'

const doc = (body: string, annotation = '@audit(enabled)') =>
  schemaWith(`/// ${annotation}
model Doc {
  id Int @id
  title String?
  /// @audit(whenChanged)
  ${body}
}
`)
const init = 'CREATE TABLE "Doc" ("id" INTEGER NOT NULL PRIMARY KEY, "title" TEXT, "body" TEXT);\n'

test('a big column is recorded when it changes, and its marks go on under its new name', async () => {
  const folder = {
    ...(await audited(doc('body String?'), init)),
    '20260103000000_text': 'ALTER TABLE "Doc" RENAME COLUMN "body" TO "text";\n',
  }
  const { project, done } = await followed(doc('text String?'), folder)
  expect(steps(project)).toEqual(['renameColumn body -> text'])
  const database = await apply(done, {
    '20260102': `INSERT INTO "Doc" VALUES (1, 'a', 'long'); UPDATE "Doc" SET title = 'b'`,
    '20260104': `UPDATE "Doc" SET title = 'c'; UPDATE "Doc" SET text = 'x'`,
  })
  const read = `SELECT h.text, c.attnum = ANY (h.audit_unchanged_columns) AS marked FROM audit."Doc_audit" h
    JOIN pg_attribute c ON c.attrelid = h.tableoid AND c.attname = 'text' ORDER BY audit_id`
  expect(await database.query(read)).toEqual([
    { text: 'long', marked: null },
    { text: null, marked: true },
    { text: null, marked: true },
    { text: 'x', marked: null },
  ])
  await database.drop()
})

test('asked for and no more is one migration each, for hidden fields too', async () => {
  const plain = doc('body String? @ignore').replace('/// @audit(whenChanged)', '')
  const on = await followed(doc('body String? @ignore'), await audited(plain, init))
  expect(steps(on.project)).toEqual(['changeColumn Doc', 'addSetting Doc', 'changeLevel Doc'])
  const off = await followed(plain, on.done, '20260105000000')
  expect(steps(off.project)).toEqual(['retireSetting Doc', 'changeColumn Doc', 'changeLevel Doc'])
  const database = await apply(off.done, {
    '20260102': `INSERT INTO "Doc" VALUES (1, 'a', 'b')`,
    '20260104': `UPDATE "Doc" SET title = 'b'`,
    '20260105': `UPDATE "Doc" SET title = 'c'`,
  })
  expect(await history(database, 'audit."Doc_audit"', 'title', 'body')).toEqual([
    { op: 'I', title: 'a', body: 'b' },
    { op: 'U', title: 'b', body: null },
    { op: 'U', title: 'c', body: 'b' },
  ])
  await database.drop()
})

test('it says that the value is recorded, also of a field that is named like a secret', async () => {
  const { model, text } = await compileProject(doc('token String? @map("body")'), {
    '20260101000000_init': init,
  })
  expect(model.tables[0]?.columns.at(-1)).toMatchObject({ name: 'body', policy: 'record', whenChanged: true })
  expect(text).not.toContain('AUD513')
})

test('where it cannot work it is an error with its place', async () => {
  const problems = async (schema: string) =>
    (await compileProject(schema, {})).text.match(/error AUD\d+: .*/g)
  expect(await problems(doc('body String?', '@audit(enabled, level: statement)'))).toEqual([
    'error AUD516: "Doc.body" cannot be recorded only when it changes: "level: statement" has no row to ask for.',
  ])
  expect(
    await problems(doc('body String?').replace('id Int @id', '/// @audit(exclude)\n  id Int @unique')),
  ).toEqual([
    expect.stringContaining('AUD516: "Doc.body" cannot be recorded only when it changes: "Doc" has no key'),
  ])
  expect(
    await problems(
      doc('body String? @unique').replace('id Int @id', '/// @audit(whenChanged)\n  id Int @id'),
    ),
  ).toEqual([
    'error AUD505: "Doc.id" belongs to the primary key and cannot be recorded only when it changes: the history could not tell rows apart.',
  ])
  expect(
    await problems(doc('body String?', '@audit(enabled, sessionSettings: [unchanged_columns String?])')),
  ).toEqual([expect.stringContaining('AUD306: "unchanged_columns" is a session setting and a fact')])
})
