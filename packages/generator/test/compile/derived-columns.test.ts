import { expect, test } from 'vitest'
import { serverMajor } from '../../../../test/support/test-database.ts'
import { compileProject, type Migrations } from './compile-project.ts'
import { apply, audited, followed, history, schemaWith, steps } from './follow-project.ts'

const note = (fields: string, annotation = '@audit(enabled)') =>
  schemaWith(`/// ${annotation}\nmodel Note {\n  id Int @id\n  ${fields}\n}\n`)
const said = (text: string) => text.match(/\w+ AUD(631|632|633): .*/g)
const columnsOf = (
  { model }: Awaited<ReturnType<typeof compileProject>>,
  name = 'Note',
): Readonly<Record<string, string>> =>
  Object.fromEntries(
    model.tables
      .filter((table) => table.model === name)
      .flatMap(({ columns }) => columns.map((column) => [column.field, column.policy])),
  )

const SECRETS = `/// @audit(redact)
  body String?
  /// @audit(hash)
  iban String?
  /// @audit(exclude)
  draft String?
  title String?`
const DERIVED = `search Unsupported("tsvector")?
  lowered String?
  words Int? @ignore
  shown String?`
const init = `CREATE TABLE "Note" ("id" INTEGER NOT NULL PRIMARY KEY, "body" TEXT, "iban" TEXT, "draft" TEXT, "title" TEXT,
  "search" TSVECTOR GENERATED ALWAYS AS (to_tsvector('english', coalesce("title", '') || ' ' || coalesce("body", ''))) STORED,
  "shown" TEXT GENERATED ALWAYS AS (upper("title")) STORED);
ALTER TABLE "Note" ADD COLUMN "lowered" TEXT GENERATED ALWAYS AS (lower("iban")) STORED,
  ADD COLUMN "words" INTEGER GENERATED ALWAYS AS (length("draft") + length("body")) STORED;
`
const start: Migrations = { '20260101000000_init': init }

test('a generated column does not show what is redacted, hashed or left out, and the diagnostic says so where it stands', async () => {
  const { project, done } = await followed(note(`${SECRETS}\n  ${DERIVED}`), start, '20260102000000')
  expect(project.text).toContain(
    'schema.prisma:21:3 - warning AUD632: "Note.search" is generated from "Note.body"',
  )
  expect(said(project.text)).toEqual([
    'warning AUD632: "Note.search" is generated from "Note.body", which is redacted: the history holds that it changed, and not its values, and the model is recorded row by row.',
    'warning AUD632: "Note.lowered" is generated from "Note.iban", which is hashed: the history holds that it changed, and not its values, and the model is recorded row by row.',
    'warning AUD632: "Note.words" is generated from "Note.draft", which is left out: it is left out, too.',
  ])
  const database = await apply(done, {
    '20260102': `INSERT INTO "Note" VALUES (1, 'leukaemia', 'DE89', 'dear', 'a'); INSERT INTO "Note" (id) VALUES (2); UPDATE "Note" SET title = 'b', iban = 'de89' WHERE id = 1;
      UPDATE "Note" SET id = 3, body = 'flu' WHERE id = 1; TRUNCATE "Note"`,
  })
  expect(await history(database, 'audit."Note_audit"', 'id', 'search', 'lowered', 'shown')).toEqual([
    { op: 'I', id: 1, search: '[redacted]', lowered: '[redacted]', shown: 'A' },
    { op: 'I', id: 2, search: '[redacted]', lowered: null, shown: null },
    { op: 'U', id: 1, search: '[redacted, changed]', lowered: '[redacted]', shown: 'B' },
    { op: 'D', id: 1, search: '[redacted]', lowered: '[redacted]', shown: 'B' },
    { op: 'U', id: 3, search: '[redacted, changed]', lowered: '[redacted]', shown: 'B' },
    { op: 'D', id: 2, search: '[redacted]', lowered: null, shown: null },
    { op: 'D', id: 3, search: '[redacted]', lowered: '[redacted]', shown: 'B' },
  ])
  const [all] = await database.query<{ text: string }>(
    `SELECT string_agg(a::text, '') AS text FROM audit."Note_audit" a`,
  )
  expect(all?.text).not.toMatch(/leuk|de89|dear|flu/i)
  await database.drop()
})

test('what is said above the field goes before, for hidden ones too', async () => {
  const derived = DERIVED.replace(/^( *)(?=search|lowered|words)/gm, '$1/// @audit(record)\n  ')
  const project = await compileProject(note(`${SECRETS}\n  ${derived}`), start)
  expect(said(project.text)).toBeNull()
  expect(columnsOf(project)).toMatchObject({ search: 'record', lowered: 'record', words: 'record' })
  const hashed = await compileProject(
    note(`${SECRETS}\n  ${DERIVED.replace('lowered', '/// @audit(hash)\n  lowered')}`),
    start,
  )
  expect(columnsOf(hashed)).toMatchObject({ search: 'redact', lowered: 'hash' })
  // Neither personal nor a name says anything of its values.
  const personal = await compileProject(
    note(`${SECRETS}\n  ${DERIVED.replace('lowered', '/// @audit(personal)\n  lowered')}`),
    start,
  )
  expect(columnsOf(personal)).toMatchObject({ lowered: 'redact' })
})

test('a hashed source alone makes the model recorded row by row, unless it says its level', async () => {
  const fields = '/// @audit(hash)\n  iban String?\n  lowered String?'
  const table = (await compileProject(note(fields), start)).model.tables[0]
  expect([table?.level, table?.columns.at(-1)?.policy]).toEqual(['row', 'redact'])
  const atStatement = await compileProject(note(fields, '@audit(enabled, level: statement)'), start)
  expect(said(atStatement.text)).toEqual([expect.stringMatching(/which is hashed: .* not its values\.$/)])
  const [kept] = atStatement.model.tables
  expect([kept?.level, kept?.columns.at(-1)?.policy]).toEqual(['statement', 'redact'])
})

test.each([
  'DO $$ BEGIN ALTER TABLE "Note" ADD COLUMN "made" TEXT GENERATED ALWAYS AS (upper("body")) STORED; END $$;',
  'ALTER TABLE "Note" ADD COLUMN "made" TEXT GENERATED ALWAYS AS (upper("body")) STORED; NONSENSE;',
])('an expression that cannot be read is not guessed at: what it makes is not recorded: %s', async (sql) => {
  const fields = '/// @audit(redact)\n  body String?\n  made String? @ignore'
  const init = `CREATE TABLE "Note" ("id" INTEGER NOT NULL PRIMARY KEY, "body" TEXT);\n`
  const folder = { '20260101000000_init': init, '20260102000000_more': `${sql}\n` }
  const project = await compileProject(note(fields), folder)
  expect(project.text).toContain('warning AUD623: "Note.made" is not recorded')
  expect(project.migration?.sql).not.toContain('"made"')
  const visible = await compileProject(note(fields.replace(' @ignore', '')), folder)
  expect([visible.migration, visible.waiting.map(({ reason }) => reason)]).toEqual([
    undefined,
    [{ kind: 'columns not created', columns: ['made'] }],
  ])
})

test('a field that is named like a secret counts, under whatever name its column is read', async () => {
  const folder = {
    '20260101000000_init': `CREATE TABLE "Note" ("id" INTEGER NOT NULL PRIMARY KEY, "pw" TEXT, "mark" TEXT GENERATED ALWAYS AS (md5("pw")) STORED);
ALTER TABLE "Note" RENAME COLUMN "pw" TO "p";\n`,
  }
  const project = await compileProject(
    note('password String? @map("p")\n  marked String? @map("mark")'),
    folder,
  )
  expect(said(project.text)).toEqual([
    'warning AUD632: "Note.marked" is generated from "Note.password", which is redacted: the history holds that it changed, and not its values, and the model is recorded row by row.',
  ])
})

test('a key that is generated from a secret tells rows apart, and the diagnostic says what that means', async () => {
  const folder = {
    '20260101000000_init': `CREATE TABLE "Note" ("body" TEXT, "code" TEXT GENERATED ALWAYS AS (md5("body")) STORED NOT NULL PRIMARY KEY);\n`,
  }
  const schema = schemaWith(
    '/// @audit(enabled)\nmodel Note {\n  /// @audit(hash)\n  body String?\n  code String @id\n}\n',
  )
  const { project } = await followed(schema, folder)
  expect(said(project.text)).toEqual([
    'warning AUD632: "Note.code" is generated from "Note.body", which is hashed, and belongs to the key: its values are in the history, which could not tell rows apart without them.',
  ])
  expect(columnsOf(project)).toMatchObject({ code: 'record' })
})

test('a column whose expression comes to read a secret is hidden by the next audit part, and one that reads none any more is shown with a word', async () => {
  const fields = '/// @audit(redact)\n  body String?\n  title String?\n  mark String?'
  const table = (of: string) => `"mark" TEXT GENERATED ALWAYS AS (upper("${of}")) STORED`
  const before = await audited(
    note(fields),
    `CREATE TABLE "Note" ("id" INTEGER NOT NULL PRIMARY KEY, "body" TEXT, "title" TEXT, ${table('title')});\n`,
  )
  const change = {
    ...before,
    '20260103000000_change': `ALTER TABLE "Note" DROP COLUMN "mark", ADD COLUMN ${table('body')};\n`,
  }
  const { project, done } = await followed(note(fields), change)
  expect(steps(project)).toEqual(['retireColumn mark', 'setAsideColumn mark -> mark__2', 'addColumn mark'])
  const database = await apply(done, {
    '20260102': `INSERT INTO "Note" VALUES (1, 'secret', 'seen')`,
    '20260104': `UPDATE "Note" SET body = 'secrets'`,
  })
  expect(await history(database, 'audit."Note_audit"', 'mark', 'mark__2')).toEqual([
    { op: 'I', mark: null, mark__2: 'SEEN' },
    { op: 'U', mark: '[redacted, changed]', mark__2: null },
  ])
  await database.drop()
  const back = {
    ...done,
    '20260105000000_back': `ALTER TABLE "Note" DROP COLUMN "mark", ADD COLUMN ${table('title')};\n`,
  }
  const shown = await followed(note(fields), back, '20260106000000')
  expect(shown.project.text).toContain('AUD622: the values of "public"."Note"."mark" will be in the history')
})

test.skipIf(serverMajor() < 17)(
  'SET EXPRESSION is followed, and DROP EXPRESSION leaves the values what they are',
  async () => {
    const fields = '/// @audit(redact)\n  body String?\n  title String?\n  mark String?'
    const before = await audited(
      note(fields),
      `CREATE TABLE "Note" ("id" INTEGER NOT NULL PRIMARY KEY, "body" TEXT, "title" TEXT, "mark" TEXT GENERATED ALWAYS AS (upper("title")) STORED);\n`,
    )
    const { done, project } = await followed(note(fields), {
      ...before,
      '20260103000000_set': `ALTER TABLE "Note" ALTER COLUMN "mark" SET EXPRESSION AS (upper("body"));\n`,
    })
    expect(steps(project)).toContain('addColumn mark')
    const folder = {
      ...done,
      '20260105000000_drop': `ALTER TABLE "Note" ALTER COLUMN "mark" DROP EXPRESSION;\n`,
    }
    const dropped = await compileProject(note(fields), folder)
    expect([steps(dropped), columnsOf(dropped)]).toMatchObject([[], { mark: 'redact' }])
    const database = await apply(folder, {
      '20260102': `INSERT INTO "Note" VALUES (1, 'secret', 'seen')`,
      '20260105': `UPDATE "Note" SET title = 'x'`,
    })
    expect(await history(database, 'audit."Note_audit"', 'mark')).toEqual([
      { op: 'I', mark: null },
      { op: 'U', mark: '[redacted]' },
    ])
    await database.drop()
  },
)

const user = (email: string, annotation = '/// @audit(enabled)\n') => `${annotation}model User {
  id Int @id
  ${email}
  logins Login[]
}
`
const login = (field = 'userEmail String?', rest = '') => `/// @audit(enabled)
model Login {
  id Int @id
  ${field}
  user User? @relation(fields: [userEmail], references: [email])
  ${rest}
}
`
const tables = `CREATE TABLE "User" ("id" INTEGER NOT NULL PRIMARY KEY, "email" TEXT UNIQUE);
CREATE TABLE "Login" ("id" INTEGER NOT NULL PRIMARY KEY, "userEmail" TEXT REFERENCES "User" ("email") ON UPDATE CASCADE);\n`
const users: Migrations = { '20260101000000_init': tables }

test.each([
  [
    'redact',
    /^\[redacted(, changed)?\]$/,
    'the history holds that it changed, and not its values, and the model is recorded row by row',
  ],
  [
    'hash',
    /^[0-9a-f]{64}$/,
    'it is hashed, too, with a key of its own, so that its hashes are not those of that field',
  ],
  ['exclude', undefined, 'it is left out, too'],
] as const)(
  'a foreign key does not show what the field that it refers to does not: %s',
  async (policy, value, consequence) => {
    const email = `/// @audit(${policy})\n  email String? @unique`
    const { project, done } = await followed(schemaWith(user(email) + login()), users, '20260102000000')
    expect(said(project.text)).toEqual([
      expect.stringMatching(
        new RegExp(`^warning AUD631: "Login.userEmail" refers to "User.email", which is .*: ${consequence}`),
      ),
    ])
    expect(project.text).toMatch(/schema.prisma:\d+:3 - warning AUD631/)
    const database = await apply(done, {
      '20260102': `INSERT INTO "User" VALUES (1, 'ann@x'); INSERT INTO "Login" VALUES (1, 'ann@x'); UPDATE "User" SET email = 'bob@x'`,
    })
    const rows = await database.query<Record<string, string>>('SELECT * FROM audit."Login_audit"')
    expect(rows).toHaveLength(2)
    for (const row of rows) {
      if (value === undefined) expect(Object.keys(row)).not.toContain('userEmail')
      else expect(row.userEmail).toMatch(value)
      expect(JSON.stringify(row)).not.toContain('@x')
    }
    await database.drop()
  },
)

test('a foreign key to a field that is a secret by its name, of a model that is not audited, and with no key in the database', async () => {
  const models = `model User {\n  id Int @id\n  resetToken String? @unique\n  logins Login[]\n}\n${login('userEmail String?').replace('[email]', '[resetToken]')}`
  const folder = { '20260101000000_init': tables.replaceAll('"email"', '"resetToken"') }
  const { project } = await followed(schemaWith(models), folder)
  expect(said(project.text)).toEqual([
    expect.stringContaining('AUD631: "Login.userEmail" refers to "User.resetToken", which is redacted'),
  ])
  const prisma = schemaWith(models).replace('provider = "postgresql"', '$&\n  relationMode = "prisma"')
  expect(columnsOf(await compileProject(prisma, folder), 'Login')).toMatchObject({ userEmail: 'redact' })
})

test('a foreign key that says what is meant is left alone, and so is one to a key, whatever that is called', async () => {
  const email = '/// @audit(redact)\n  email String? @unique'
  const recorded = await compileProject(
    schemaWith(user(email) + login('/// @audit(record)\n  userEmail String?')),
    users,
  )
  expect([said(recorded.text), columnsOf(recorded, 'Login')]).toMatchObject([null, { userEmail: 'record' }])
  const models = `/// @audit(enabled)\nmodel User {\n  token String @id\n  logins Login[]\n}\n${login().replace('[email]', '[token]')}`
  const byKey = await compileProject(schemaWith(models), {})
  expect([said(byKey.text), columnsOf(byKey, 'Login')]).toMatchObject([null, { userEmail: 'record' }])
})

test('a foreign key that Prisma hides, or does not know, is one', async () => {
  const models = user('/// @audit(redact)\n  email String? @unique')
    .replace('  logins Login[]\n', '  logins Login[] @ignore\n')
    .concat(
      login()
        .replace('userEmail String?', 'userEmail String? @ignore\n  copy String?')
        .replace('[email])', '$& @ignore'),
    )
  const folder = {
    '20260101000000_init': `${tables}ALTER TABLE "Login" ADD COLUMN "copy" TEXT, ADD FOREIGN KEY ("copy") REFERENCES "User" ("email");\n`,
  }
  const project = await compileProject(schemaWith(models), folder)
  expect(columnsOf(project, 'Login')).toEqual({ id: 'record', copy: 'redact', userEmail: 'redact' })
  expect(said(project.text)).toHaveLength(2)
  const without = await compileProject(schemaWith(models), {
    '20260101000000_init': `${folder['20260101000000_init']}ALTER TABLE "Login" DROP CONSTRAINT "Login_copy_fkey";\n`,
  })
  expect(columnsOf(without, 'Login')).toMatchObject({ copy: 'record' })
})

test('it goes on from column to column: a key to a generated column, and one to that key', async () => {
  const schema = schemaWith(`model Person {
  id Int @id
  /// @audit(redact)
  name String?
  slug String? @unique
  pages Page[]
}
model Page {
  id Int @id
  owner String? @unique
  person Person? @relation(fields: [owner], references: [slug])
  visits Visit[]
}
/// @audit(enabled)
model Visit {
  id Int @id
  page String?
  to Page? @relation(fields: [page], references: [owner])
  short String? @ignore
}
`)
  const folder = {
    '20260101000000_init': `CREATE TABLE "Person" (id INTEGER PRIMARY KEY, name TEXT, slug TEXT GENERATED ALWAYS AS (lower(name)) STORED UNIQUE);
CREATE TABLE "Page" (id INTEGER PRIMARY KEY, owner TEXT UNIQUE REFERENCES "Person" (slug));
CREATE TABLE "Visit" (id INTEGER PRIMARY KEY, page TEXT REFERENCES "Page" (owner), short TEXT GENERATED ALWAYS AS (left(page, 1)) STORED);\n`,
  }
  const project = await compileProject(schema, folder)
  expect(columnsOf(project, 'Visit')).toMatchObject({ page: 'redact', short: 'redact' })
  expect(said(project.text)).toEqual([
    expect.stringContaining('AUD631: "Visit.page" refers to "Page.owner", which is redacted'),
    expect.stringContaining('AUD632: "Visit.short" is generated from "Visit.page", which is redacted'),
  ])
})

test('a field whose column is a virtual generated one is not recorded, and the diagnostic says why where it stands', async () => {
  const folder = {
    '20260101000000_init': `CREATE TABLE "Note" ("id" INTEGER NOT NULL PRIMARY KEY, "title" TEXT, "twice it" TEXT GENERATED ALWAYS AS ("title" || "title") VIRTUAL);\n`,
  }
  const fields = 'title String?\n  twice String? @map("twice it")'
  const project = await compileProject(note(fields), folder)
  expect(project.text).toContain('schema.prisma:15:3 - warning AUD633: "Note.twice" is not recorded')
  expect(project.text).toContain('its column "twice it" is a virtual generated one')
  expect(columnsOf(project)).toEqual({ id: 'record', title: 'record' })
  expect(project.typedModule.map(({ text }) => text).join('')).not.toContain('twice')
  const left = await compileProject(note(fields.replace('twice', '/// @audit(exclude)\n  twice')), folder)
  expect(left.text).toBe('')
  expect(left.migration?.sql).toBe(project.migration?.sql)
  if (serverMajor() < 18) return
  const { done } = await followed(note(fields), folder, '20260102000000')
  const database = await apply(done, { '20260102': `INSERT INTO "Note" VALUES (1, 'a'); DELETE FROM "Note"` })
  expect(await history(database, 'audit."Note_audit"', 'title')).toEqual([
    { op: 'I', title: 'a' },
    { op: 'D', title: 'a' },
  ])
  await database.drop()
})
