import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { PrismaProject } from '../../support/prisma-project.ts'
import { generateMigration, importAudit, openClient, useProject } from './audited-project.ts'

const datasource = 'datasource db {\n  provider = "postgresql"\n}\n'
const audit = `generator audit {
  provider        = "prisma-generator-audit"
  output          = "../generated/audit"
  sessionSettings = ["username String"]
}
`
const clientGenerator = (provider: string) =>
  `generator client {\n  provider = "${provider}"\n  output   = "../generated/client"\n}\n`
const note =
  '/// @audit(enabled)\nmodel Note {\n  id   Int    @id @default(autoincrement())\n  text String\n}\n'
const createNote = `CREATE TABLE "Note" ("id" SERIAL NOT NULL, "text" TEXT NOT NULL,
  CONSTRAINT "Note_pkey" PRIMARY KEY ("id"));\n`
const migrations = { '20240101000000_note': createNote }
const schema = [audit, datasource, note].join('\n')

/** Every file under a folder of the project with its bytes, in base64. */
async function bytes({ dir }: PrismaProject, folder: string): Promise<Record<string, string>> {
  const entries = await readdir(join(dir, folder), { withFileTypes: true, recursive: true })
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  const texts = await Promise.all(
    files.sort().map(async (file) => [file.slice(dir.length), (await readFile(file)).toString('base64')]),
  )
  return Object.fromEntries(texts)
}

const written = async (project: PrismaProject) => ({
  ...(await bytes(project, 'prisma')),
  ...(await bytes(project, 'generated/audit')),
})

test('a second generate writes nothing: the same files with the same bytes', async () => {
  const { project } = await useProject({ schema, migrations })
  await generateMigration(project)
  const first = await written(project)
  const { stdout } = await project.prisma(['generate'])
  expect(await written(project)).toEqual(first)
  expect(stdout).not.toContain('audit: wrote')
})

test('the same schema gives the same bytes in another project, names of directories included', async () => {
  const options = { schema, migrations }
  const [one, other] = [await useProject(options), await useProject(options)]
  const env = { SOURCE_DATE_EPOCH: '1772619300' }
  await one.project.prisma(['generate'], { env })
  await other.project.prisma(['generate'], { env })
  const files = await written(one.project)
  expect(files).toEqual(await written(other.project))
  expect(Object.keys(files)).toContain('/prisma/migrations/20260304101500_audit_note/migration.sql')
})

test('generate before the first migration writes no migration and says the next command', async () => {
  const { project } = await useProject({ schema })
  const { stdout } = await project.prisma(['generate'])
  expect(stdout).toContain('npx prisma migrate dev --name')
  expect(await project.migrationFiles()).toEqual([])
  expect(await project.read('generated/audit/index.ts')).toContain('auditContext')
})

test('a CI build writes no migration and says what is missing', async () => {
  const { project } = await useProject({ schema, migrations })
  const { stdout } = await project.prisma(['generate'], { env: { CI: '1' } })
  expect(stdout).toContain('a migration is missing (note)')
  expect(await project.migrationFiles()).toHaveLength(1)
})

test('a project with the generator prisma-client-js goes the whole path', async () => {
  const js = [clientGenerator('prisma-client-js'), schema].join('\n')
  const audited = await useProject({ schema: js, migrations })
  await generateMigration(audited.project)
  await audited.project.prisma(['migrate', 'deploy'])
  const { auditContext } = await importAudit(audited)
  const client = await openClient<'note'>(audited, { path: 'generated/client/index.js' })
  await client.$extends(auditContext({ username: 'ann' })).note.create({ data: { text: 'js' } })
  const rows = await audited.database.query(
    'SELECT audit_operation, audit_username, text FROM audit."Note_audit"',
  )
  expect(rows).toEqual([{ audit_operation: 'I', audit_username: 'ann', text: 'js' }])
})

test('a schema of several files in a folder goes the whole path', async () => {
  const audited = await useProject({
    schema: {
      'base.prisma': [clientGenerator('prisma-client'), audit, datasource].join('\n'),
      'models/note.prisma': note,
      'models/tag.prisma': '/// @audit(enabled)\nmodel Tag {\n  name String @id\n}\n',
    },
    migrations: { '20240101000000_init': `${createNote}CREATE TABLE "Tag" ("name" TEXT PRIMARY KEY);\n` },
  })
  const migration = await generateMigration(audited.project)
  await audited.project.prisma(['migrate', 'deploy'])
  expect(migration.name).toMatch(/_audit_2_tables$/)
  const { auditContext } = await importAudit(audited)
  const client = await openClient<'note' | 'tag'>(audited)
  await client.$extends(auditContext({ username: 'ann' })).tag.create({ data: { name: 'red' } })
  expect(await audited.database.query('SELECT audit_username, name FROM audit."Tag_audit"')).toEqual([
    { audit_username: 'ann', name: 'red' },
  ])
})
