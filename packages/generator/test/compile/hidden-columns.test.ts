import { expect, test } from 'vitest'
import { createDatabase } from '../../../../test/support/test-database.ts'
import { renderMigration } from '../../src/sql/render-migration.ts'
import { EMPTY_STATE } from '../../src/state/database-state.ts'
import { compileProject, type Migrations, schemaOf, stepsOf, withNext } from './compile-project.ts'
import { apply, followed, history, schemaWith, steps } from './follow-project.ts'

const model = (...fields: readonly string[]) =>
  schemaWith(`/// @audit(enabled)\nmodel A {\n  id Int @id\n  ${fields.join('\n  ')}\n}\n`)
const hidden = model('area Unsupported("circle")? @map("the area")', 'old Int? @ignore')
const init = `CREATE TABLE "A" ("id" INTEGER NOT NULL PRIMARY KEY, "the area" circle, "old" INTEGER);\n`
const start: Migrations = { '20260101000000_init': init }

test('Unsupported and @ignore columns are recorded in their text form', async () => {
  const { project, done } = await followed(hidden, start, '20260102000000')
  expect(project.text).toBe('')
  const database = await apply(done, {
    '20260102': `INSERT INTO "A" VALUES (1, '<(1,2),3>', 7); UPDATE "A" SET old = NULL; DELETE FROM "A"`,
  })
  expect(await history(database, 'audit."A_audit"', 'the area', 'old')).toEqual([
    { op: 'I', 'the area': '<(1,2),3>', old: '7' },
    { op: 'U', 'the area': '<(1,2),3>', old: null },
    { op: 'D', 'the area': '<(1,2),3>', old: null },
  ])
  await database.drop()
})

test('they can be left out, redacted and hashed, and are redacted where they are named like a secret', async () => {
  const schema = model(
    '/// @audit(exclude)\n  area Unsupported("circle")? @map("the area")',
    '/// @audit(hash)\n  old Int? @ignore',
    'token String? @ignore',
  )
  const folder = { '20260101000000_init': init.replace('"old"', '"token" TEXT, "old"') }
  const { project, done } = await followed(schema, folder, '20260102000000')
  expect(project.text).toContain('AUD513: "A.token" is named like a secret')
  const database = await apply(done, { '20260102': `INSERT INTO "A" VALUES (1, '<(1,2),3>', 'hunter2', 7)` })
  const [row] = await database.query<Record<string, unknown>>('SELECT * FROM audit."A_audit"')
  expect(row).toMatchObject({ old: expect.stringMatching(/^[0-9a-f]{64}$/), token: '[redacted]' })
  expect(Object.keys(row ?? {})).not.toContain('the area')
  await database.drop()
})

test('a column that no migration creates is left out with a warning, and comes when one does', async () => {
  const without = { '20260101000000_init': init.replace('"old" INTEGER', '"x" INTEGER') }
  const first = await followed(hidden, without, '20260102000000')
  expect(first.project.text).toContain(
    'warning AUD623: "A.old" is not recorded: no migration that can be read creates its column "old"',
  )
  const folder = { ...first.done, '20260103000000_old': 'ALTER TABLE "A" ADD COLUMN "old" INTEGER;\n' }
  const { project } = await followed(hidden, folder)
  expect(steps(project)).toEqual(['addColumn old'])
  expect(project.text).toBe('')
})

test('a column that gets another type, a type that changes, a rename and a drop break no write', async () => {
  const types = `CREATE TYPE mood AS ENUM ('a', 'b'); CREATE DOMAIN mail AS text;\n`
  const schema = model('m Unsupported("mood")?', 'd Unsupported("mail")?', 'n Int? @ignore')
  const folder = {
    '20260101000000_init': `${types}CREATE TABLE "A" ("id" INTEGER NOT NULL PRIMARY KEY, "m" mood, "d" mail, "n" INTEGER);\n`,
  }
  const { done } = await followed(schema, folder, '20260102000000')
  const later = {
    ...done,
    '20260103000000_change': `ALTER TYPE mood RENAME TO mood_old; CREATE TYPE mood AS ENUM ('a', 'c');
ALTER TABLE "A" ALTER COLUMN "m" TYPE mood USING ("m"::text::mood);
DROP TYPE mood_old;
ALTER TABLE "A" ALTER COLUMN "d" TYPE integer USING (length("d"));
DROP DOMAIN mail;
ALTER TABLE "A" RENAME COLUMN "n" TO "k";
`,
  }
  const next = model('m Unsupported("mood")?', 'd Int? @ignore', 'k Int? @ignore')
  const { project, done: all } = await followed(next, later)
  expect(steps(project)).toContain('renameColumn n -> k')
  const database = await apply(all, {
    '20260102': `INSERT INTO "A" VALUES (1, 'a', 'x@y', 5)`,
    '20260104': `UPDATE "A" SET m = 'c', k = 6`,
  })
  expect(await history(database, 'audit."A_audit"', 'm', 'd', 'k')).toEqual([
    { op: 'I', m: 'a', d: 'x@y', k: '5' },
    { op: 'U', m: 'c', d: '3', k: '6' },
  ])
  await database.drop()
})

test('a field that is shown again gets a column of its type, and the values of before stay', async () => {
  const { done } = await followed(hidden, start, '20260102000000')
  const { project } = await followed(hidden.replace('old Int? @ignore', 'old Int?'), done)
  expect(steps(project)).toEqual(['retireColumn old', 'setAsideColumn old -> old__2', 'addColumn old'])
})

test('a hidden column of the key tells rows apart, by @@id and by @id, and is never redacted for its name', async () => {
  const init = `CREATE TABLE "A" ("a" INTEGER NOT NULL, "bee" INTEGER NOT NULL, PRIMARY KEY ("a", "bee"));
CREATE TABLE "B" ("token" TEXT NOT NULL PRIMARY KEY, "n" INTEGER NOT NULL);\n`
  const schema = schemaWith(`/// @audit(enabled)
model A {
  a Int
  b Int @ignore @map("bee")
  @@id([a, b])
}
/// @audit(enabled)
model B {
  token String @id @ignore
  n     Int
}
`)
  const { project, done } = await followed(schema, { '20260101000000_init': init }, '20260102000000')
  expect(project.text).toContain('AUD513: "B.token" is named like a secret and belongs to the key')
  expect(project.text).not.toContain('AUD504')
  const database = await apply(done, {
    '20260102': `INSERT INTO "A" VALUES (1, 1), (1, 2); UPDATE "A" SET bee = 3 WHERE bee = 2; DELETE FROM "A" WHERE bee = 1;
      INSERT INTO "B" VALUES ('t', 1); UPDATE "B" SET token = 'u'`,
  })
  expect(await history(database, 'audit."A_audit"', 'a', 'bee')).toEqual([
    { op: 'I', a: 1, bee: '1' },
    { op: 'I', a: 1, bee: '2' },
    { op: 'D', a: 1, bee: '2' },
    { op: 'U', a: 1, bee: '3' },
    { op: 'D', a: 1, bee: '1' },
  ])
  expect(await history(database, 'audit."B_audit"', 'token', 'n')).toEqual([
    { op: 'I', token: 't', n: 1 },
    { op: 'D', token: 't', n: 1 },
    { op: 'U', token: 'u', n: 1 },
  ])
  await database.drop()
})

test('what is said of a hidden field is checked as of any other', async () => {
  const schema = schemaWith(`/// @audit(enabled)
model A {
  id Int
  /// @audit(redact)
  b  Int @ignore
  /// @audit(exclude)
  parent P? @relation(fields: [id], references: [id]) @ignore
  passwordReset Boolean? @ignore
  otpSentAt DateTime? @ignore
  pin Unsupported("bytea")?
  @@id([id, b])
}
model P {
  id Int @id
  as A[] @ignore
}
`)
  const { text } = await compileProject(schema, start)
  expect(text.match(/(error|warning) AUD(?!623)\d+: "[^"]*"/g)).toEqual([
    'error AUD505: "A.b"',
    'error AUD411: "A.parent"',
    'warning AUD513: "A.pin"',
  ])
})

test('the session of a draft has its output settings again after a baseline of text forms', async () => {
  const schema = hidden.replace('@audit(enabled)', '@audit(enabled, backfill: true)')
  const { migration } = await compileProject(schema, start)
  if (migration === undefined) throw new Error('no migration')
  const database = await createDatabase()
  await database.query(init)
  const draft = renderMigration(migration.plan, { from: EMPTY_STATE, appended: true })
  const read = `current_setting('TimeZone') || current_setting('DateStyle') || current_setting('row_security')`
  const rows = await database.query(`BEGIN; CREATE TEMP TABLE former AS SELECT ${read} AS settings;
    INSERT INTO "A" VALUES (1, '<(1,2),3>', 7); ${draft} CREATE TEMP TABLE seen AS SELECT ${read} AS settings; COMMIT;
    SELECT seen.settings = former.settings AS same FROM seen, former`)
  expect(rows).toEqual([{ same: true }])
  expect(await history(database, 'audit."A_audit"', 'the area', 'old')).toEqual([
    { op: 'B', 'the area': '<(1,2),3>', old: '7' },
  ])
  await database.drop()
})

test('an audit from before recorded none of them: the next migration adds them', async () => {
  const visible = schemaOf('/// @audit(enabled)\nmodel A {\n  id Int @id\n}\n', '["username String?"]')
  const done = withNext(start, await compileProject(visible, start), '20260102000000')
  const project = await compileProject(hidden, done)
  expect(stepsOf(project)).toEqual(['addColumn public.A', 'addColumn public.A'])
})
