import { chmodSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeEach, expect, test } from 'vitest'
import type { PrismaOptions } from '../support/prisma-command.ts'
import { createPrismaProject, type PrismaProjectOptions } from '../support/prisma-project.ts'

const block = (options = '') => `generator audit {
  provider        = "prisma-generator-audit"
  output          = "../generated/audit"
  sessionSettings = ["username String"]
  ${options}
}

datasource db {
  provider = "postgresql"
}
`
const model = (name: string) => `/// @audit(enabled)\nmodel ${name} {\n  id Int @id\n}\n`
const schema = (options = '', ...names: readonly string[]) =>
  [block(options), ...(names.length === 0 ? ['Note'] : names).map(model)].join('\n')
const create = (name: string) =>
  `CREATE TABLE "${name}" ("id" INTEGER NOT NULL, CONSTRAINT "${name}_pkey" PRIMARY KEY ("id"));\n`
const migrations = { '20240101000000_note': create('Note') }

/** `prisma generate` opens no connection. */
const databaseUrl = 'postgresql://nobody@localhost:1/none'
const open = (options: Partial<PrismaProjectOptions> = {}) =>
  createPrismaProject({ schema: schema(), migrations, databaseUrl, ...options })
const project = await open()
const elsewhere = await open({ git: false })
const folder = join(project.dir, 'prisma/migrations')
afterAll(() => {
  project.cleanup()
  elsewhere.cleanup()
})

beforeEach(async () => {
  await project.write('prisma/schema.prisma', schema())
  for (const name of names()) {
    if (name !== '20240101000000_note') rmSync(join(folder, name), { recursive: true })
  }
})

function names(dir = project.dir): readonly string[] {
  const entries = readdirSync(join(dir, 'prisma/migrations'), { withFileTypes: true })
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name)
}

/** What stands in `prisma/` besides the schema and the folder: a lock or a draft that was left. */
const leftOver = () => readdirSync(join(project.dir, 'prisma')).filter((name) => name.startsWith('.'))

async function generate(options: PrismaOptions = {}) {
  const { stdout, stderr, exitCode } = await project.prisma(['generate'], options)
  return { output: stdout + stderr, exitCode, written: names().filter((name) => name.includes('_audit_')) }
}

const missing = (reason: string) =>
  `audit: a migration is missing (note) and was not written: ${reason}\n  Next: npx prisma generate where somebody will commit it`

test('in a git work tree, outside CI: one directory with migration.sql and down.sql', async () => {
  const { output, written } = await generate({ withoutTerminal: true })
  expect(written).toEqual([expect.stringMatching(/^\d{14}_audit_note$/)])
  expect(readdirSync(join(folder, written[0] ?? '')).sort()).toEqual(['down.sql', 'migration.sql'])
  expect(output).toContain(
    `audit: wrote prisma/migrations/${written[0]}\n  Next: read it, commit it, then npx prisma migrate dev (in production: npx prisma migrate deploy)`,
  )
  expect(leftOver()).toEqual([])
})

test('with CI set: nothing, and it says what is missing and ends well', async () => {
  const { output, exitCode, written } = await generate({ env: { CI: 'true' } })
  expect({ exitCode, written }).toEqual({ exitCode: 0, written: [] })
  expect(output).toContain(missing('CI is set'))
})

test('with CI set and strict = true: nothing, and it fails and says what is missing', async () => {
  await project.write('prisma/schema.prisma', schema('strict = true'))
  const { output, written } = await generate({ env: { CI: 'true' }, expectFailure: true })
  expect(written).toEqual([])
  expect(output).toContain(missing('CI is set'))
  expect(output).not.toMatch(/^\s+at /m)
})

test('with CI=false: it writes, for that means no', async () => {
  expect((await generate({ env: { CI: 'false' } })).written).toHaveLength(1)
})

test('write = "always" writes in CI too', async () => {
  await project.write('prisma/schema.prisma', schema('write = "always"'))
  expect((await generate({ env: { CI: 'true' } })).written).toHaveLength(1)
})

test('write = "never" writes nowhere, and says so', async () => {
  await project.write('prisma/schema.prisma', schema('write = "never"'))
  const { output, written } = await generate()
  expect(written).toEqual([])
  expect(output).toContain(missing('the generator says write = "never"'))
})

test('in a read-only folder: nothing, and it says so', async () => {
  chmodSync(folder, 0o555)
  try {
    const { output, exitCode, written } = await generate({ obeysPermissions: true })
    expect({ exitCode, written }).toEqual({ exitCode: 0, written: [] })
    expect(output).toContain(missing('the migrations folder is read-only'))
  } finally {
    chmodSync(folder, 0o755)
  }
})

test('write = "always" in a read-only folder fails with what to do, and leaves nothing', async () => {
  await project.write('prisma/schema.prisma', schema('write = "always"'))
  chmodSync(folder, 0o555)
  try {
    const { output, written } = await generate({ obeysPermissions: true, expectFailure: true })
    expect(written).toEqual([])
    expect(output).toContain('The migrations folder prisma/migrations cannot be written.')
    expect(output).toContain('Give this user write access to it')
    expect(output).not.toMatch(/^\s+at /m)
    expect(leftOver()).toEqual([])
  } finally {
    chmodSync(folder, 0o755)
  }
})

test('under --watch: nothing, though the typed module is written', async () => {
  rmSync(join(project.dir, 'generated'), { recursive: true, force: true })
  const { stdout, stderr } = await project.prisma(['generate', '--watch'], {
    expectFailure: 'allow',
    endWhen: (output) => output.includes('audit: a migration is missing'),
  })
  expect(stdout + stderr).toContain(missing('`prisma generate` runs under --watch'))
  expect(names()).toEqual(['20240101000000_note'])
  expect(readdirSync(join(project.dir, 'generated/audit'))).toContain('index.ts')
})

test('with neither a terminal nor a git work tree: nothing, and it says so', async () => {
  const { stdout, exitCode } = await elsewhere.prisma(['generate'], { withoutTerminal: true })
  expect(exitCode).toBe(0)
  expect(stdout).toContain(missing('there is neither a terminal nor a git work tree'))
  expect(names(elsewhere.dir)).toEqual(['20240101000000_note'])
})

test('two at once write one directory', async () => {
  const both = await Promise.all([generate(), generate()])
  expect(names()).toHaveLength(2)
  expect(both.filter(({ output }) => output.includes('audit: wrote'))).toHaveLength(1)
  expect(leftOver()).toEqual([])
})

test('the time stamp is now, one second after the newest where that lies ahead', async () => {
  await project.write('prisma/migrations/20991231235959_later/migration.sql', '-- nothing\n')
  expect((await generate()).written).toEqual(['21000101000000_audit_note'])
})

test('SOURCE_DATE_EPOCH is now', async () => {
  expect((await generate({ env: { SOURCE_DATE_EPOCH: '1772619300' } })).written).toEqual([
    '20260304101500_audit_note',
  ])
})

test('a second run writes nothing and touches no file', async () => {
  await generate()
  const state = () =>
    readdirSync(project.dir, { recursive: true, encoding: 'utf8' })
      .filter((path) => /^(prisma|generated)\//.test(path))
      .map((path) => [path, statSync(join(project.dir, path)).mtimeMs])
  const before = state()
  expect(before.length).toBeGreaterThan(5)
  const { output } = await generate()
  expect(output).not.toContain('audit: wrote')
  expect(state()).toEqual(before)
})

test('tables that no migration creates yet: only the others, and the exact next command', async () => {
  await project.write('prisma/schema.prisma', schema('', 'Note', 'Tag'))
  const { output, written } = await generate()
  expect(written).toEqual([expect.stringMatching(/_audit_note$/)])
  expect(output).toContain(
    'audit: these tables wait for a migration of their own:\n  "public"."Tag": no migration creates this table yet\n  Next: npx prisma migrate dev --name <name>, then npx prisma generate',
  )
  const first = await project.read(`prisma/migrations/${written[0]}/migration.sql`)
  const touched = statSync(join(folder, written[0] ?? '', 'migration.sql')).mtimeMs

  await project.write('prisma/migrations/20990101000000_tag/migration.sql', create('Tag'))
  expect((await generate()).written).toEqual([written[0], '20990101000001_audit_tag'])
  expect(await project.read(`prisma/migrations/${written[0]}/migration.sql`)).toBe(first)
  expect(statSync(join(folder, written[0] ?? '', 'migration.sql')).mtimeMs).toBe(touched)
})

test('the option migrations names the folder, relative to the schema', async () => {
  await project.write('prisma/schema.prisma', schema('migrations = "../database/steps"'))
  await project.write('database/steps/20240101000000_note/migration.sql', create('Note'))
  const { output, written } = await generate()
  expect(written).toEqual([])
  expect(output).toMatch(/audit: wrote database\/steps\/\d{14}_audit_note\n/)
  expect(readdirSync(join(project.dir, 'database/steps'))).toHaveLength(2)
})
