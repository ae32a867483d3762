import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { compileProject, type Migrations } from '../compile/compile-project.ts'
import { audited, followed, schemaWith } from '../compile/follow-project.ts'

const repository = fileURLToPath(new URL('../../../..', import.meta.url))

const everything = `enum Channel {
  web
  phone @map("call centre")
}

/// @audit(enabled, facts: [client_addr, changed_columns])
model Order {
  id         BigInt    @id
  channels   Channel[]
  total      Decimal   @map("sum total") @db.Decimal(10, 2)
  password   String?
  /// @audit(hash)
  iban       String?
  /// @audit(exclude)
  search     String?
  /// @audit(whenChanged)
  body       String
  old        Int?      @ignore
  area       Unsupported("circle")?
  class      String
  customerId Int?
  customer   Customer? @relation(fields: [customerId], references: [id], onDelete: Cascade)
  secretId   Int?
  secret     Session?  @relation(fields: [secretId], references: [id])
  tags       Tag[]

  @@map("my \\"orders\\"")
}

/// @audit(enabled, sessionSettings: [approver Int])
model Customer {
  id     Int     @id
  orders Order[]
}

/// @audit(enabled)
model Tag {
  name   String  @id
  orders Order[]
}

/// @audit(enabled)
model Line {
  orderId Int
  no      Int

  @@id([orderId, no])
}

model Session {
  id     Int     @id
  orders Order[]
}
`

const before = schemaWith(`/// @audit(enabled)
model A {
  id    Int    @id
  kept  String
  note  String
  size  Int
  gone  Boolean
  clear String
}
`)
const after = schemaWith(`/// @audit(enabled)
model A {
  id      Int     @id
  kept    String
  remark  String
  size    BigInt
  late    String?
  /// @audit(redact)
  clear   String
  renamed Int?    @map("newest")
}
`)
const init = `CREATE TABLE "A" ("id" INTEGER NOT NULL, "kept" TEXT NOT NULL, "note" TEXT NOT NULL, "size" INTEGER NOT NULL, "gone" BOOLEAN NOT NULL, "clear" TEXT NOT NULL, CONSTRAINT "A_pkey" PRIMARY KEY ("id"));`
const changes: Migrations = {
  '20260103000000_change': `ALTER TABLE "A" RENAME "note" TO "remark"; ALTER TABLE "A" DROP "gone", ADD "late" TEXT, ADD "new" INTEGER;
ALTER TABLE "A" ALTER "size" TYPE BIGINT;`,
}

const historyOf = ({ typedModule }: Awaited<ReturnType<typeof compileProject>>) => {
  const file = typedModule.find(({ path }) => path === 'history.ts')
  return file?.text ?? ''
}

test('the module says of each history what its columns stand for', async () => {
  const text = historyOf(await compileProject(schemaWith(everything)))
  await expect(text).toMatchFileSnapshot('../golden/typescript/history-everything.ts')
})

test('columns that were renamed, dropped, retyped or added are found by the headers, in whatever migration they changed', async () => {
  const folder = { ...(await audited(before, init)), ...changes }
  const middle = after.replace('@map("newest")', '@map("new")')
  const { project, done } = await followed(middle, folder)
  const renamed = { ...done, '20260105000000_rename': 'ALTER TABLE "A" RENAME "new" TO "newest";' }
  const { project: last, done: whole } = await followed(after, renamed, '20260106000000')
  await expect(historyOf(last)).toMatchFileSnapshot('../golden/typescript/history-changes.ts')
  // The migration that is being written counts as written.
  expect(historyOf(await compileProject(after, whole))).toBe(historyOf(last))
  expect(historyOf(project).replaceAll('newest', 'new')).toBe(historyOf(last).replaceAll('newest', 'new'))
})

test('a column that was there when the history began is never one that came later', async () => {
  const { done } = await followed(before, { '20260101000000_init': init }, '20260102000000')
  expect(historyOf(await compileProject(before, done))).not.toContain('added')
})

test('a column is the former self of a field only if the field took its place', async () => {
  const one = (...lines: string[]) =>
    schemaWith(`/// @audit(enabled)\nmodel A {\n  id Int @id\n${lines.join('\n')}\n}\n`)
  const create =
    'CREATE TABLE "A" ("id" INTEGER NOT NULL, "a" TEXT, "a__2" TEXT, "b" TEXT, CONSTRAINT "A_pkey" PRIMARY KEY ("id"));'
  const start = await audited(one('a String?', 'a__2 String?', 'b String?'), create)
  // A column of that name that was dropped, and one that made room for another's new name.
  const folder = {
    ...start,
    '20260103000000_x': 'ALTER TABLE "A" DROP "a__2", DROP "a"; ALTER TABLE "A" RENAME "b" TO "a";',
  }
  const { project } = await followed(one('a String?'), folder)
  const text = historyOf(project)
  expect(text).toContain(`a: { column: 'a', type: 'String', dbType: 'text' },`)
  expect(text).not.toContain('former')
})

test('marks stay after the last column that is recorded when it changes, and those of every era count', async () => {
  const one = (annotation: string) =>
    schemaWith(
      `/// @audit(enabled)\nmodel A {\n  id Int @id\n  /// @audit(${annotation})\n  body String\n}\n`,
    )
  const create =
    'CREATE TABLE "A" ("id" INTEGER NOT NULL, "body" TEXT NOT NULL, CONSTRAINT "A_pkey" PRIMARY KEY ("id"));'
  const start = await audited(one('whenChanged'), create)
  const { project, done } = await followed(one('record'), start, '20260103000000')
  expect(historyOf(project)).toContain(`marks: ['audit_unchanged_columns'],`)
  expect(historyOf(project)).toContain(`dbType: 'text', whenChanged: true },`)
  const { project: again } = await followed(one('whenChanged'), done, '20260104000000')
  expect(historyOf(again)).toContain(`marks: ['audit_unchanged_columns', 'audit_unchanged_columns__2'],`)
})

test('settings and facts that are not asked for any more are told, also what one was before it got another type', async () => {
  const one = (annotation: string) =>
    schemaWith(`/// @audit(enabled, ${annotation})\nmodel A {\n  id Int @id\n}\n`)
  const create = 'CREATE TABLE "A" ("id" INTEGER NOT NULL, CONSTRAINT "A_pkey" PRIMARY KEY ("id"));'
  const start = await audited(
    one('sessionSettings: [code Int?, who String?], facts: [application_name]'),
    create,
  )
  const { project } = await followed(one('sessionSettings: [code String?]'), start, '20260103000000')
  const text = historyOf(project)
  expect(text).toContain(`code: { column: 'audit_code', type: 'String' },`)
  expect(text).toContain(`code__2: { column: 'audit_code__2', type: 'Int' },`)
  expect(text).toContain(`who: { column: 'audit_who', type: 'String' },`)
  expect(text).toContain(`application_name: 'audit_application_name',`)
})

test('two join tables of one name in two schemas have each a name of its own', async () => {
  const model = (name: string, schema: string, other: string) =>
    `/// @audit(enabled)\nmodel ${name} {\n  id Int @id\n  others ${other}[] @relation("UR")\n  @@schema("${schema}")\n}\n`
  const schema = `generator audit {
  provider = "prisma-generator-audit"
  table    = "{schema}_{table}_audit"
  function = "{schema}_{table}_{role}"
}
datasource db {
  provider = "postgresql"
  schemas  = ["one", "two"]
}
${model('User', 'one', 'Role')}${model('Role', 'one', 'User')}${model('Customer', 'two', 'Group')}${model('Group', 'two', 'Customer')}`
  const text = historyOf(await compileProject(schema))
  expect(text.match(/^ {2}\S+: \{$/gm)).toEqual([
    '  Customer: {',
    '  Group: {',
    '  Role: {',
    '  User: {',
    `  '_UR@one': {`,
    `  '_UR@two': {`,
  ])
  expect(text).toContain(`through: { model: '_UR@two', from: ['id', 'customer_id'], to: ['group_id', 'id'] }`)
})

test('the module is TypeScript, whatever the names hold', async () => {
  const odd = schemaWith(`/// @audit(enabled)
model constructor {
  id       Int    @id
  toString String @map("__proto__")
  a        Int    @map("it's \\"odd\\"")
  b        Int    @map("back\\\\slash")
}
`)
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'audit-history-')))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(
    join(repository, 'packages/client-extension'),
    join(folder, 'node_modules/prisma-extension-audit'),
    'dir',
  )
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  const texts = {
    odd: historyOf(await compileProject(odd)),
    all: historyOf(await compileProject(schemaWith(everything))),
  }
  for (const [name, text] of Object.entries(texts)) writeFileSync(join(folder, `${name}.ts`), text)
  const flags = '--noEmit --strict --module nodenext --target es2023 --skipLibCheck --types'.split(' ')
  const tsc = join(repository, 'node_modules/.bin/tsc')
  const run = promisify(execFile)(tsc, [...flags, '', 'odd.ts', 'all.ts'], { cwd: folder })
  await expect(run).resolves.toMatchObject({ stdout: '' })
})
