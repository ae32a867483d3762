import { existsSync } from 'node:fs'
import { mkdir, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createPrismaProject } from '../support/prisma-project.ts'
import { createDatabase } from '../support/test-database.ts'

const schema = `generator audit {
  provider        = "prisma-generator-audit"
  output          = "../generated/audit"
  sessionSettings = ["username String"]
}

datasource db {
  provider = "postgresql"
}

/// @audit(enabled)
model Note {
  id   Int    @id
  text String
}
`

const byteOrderMark = '\uFEFF'
const createNote =
  'CREATE TABLE "Note" (\r\n  "id" INTEGER NOT NULL,\r\n  CONSTRAINT "Note_pkey" PRIMARY KEY ("id")\r\n);\r\n'

async function useProject(migrations: Record<string, string>) {
  const database = await createDatabase()
  const project = await createPrismaProject({ schema, migrations, databaseUrl: database.url })
  onTestFinished(async () => {
    project.cleanup()
    await database.drop()
  })
  return { database, project }
}

test('CRLF, a byte order mark and an empty migration: generate reads the folder, and deploy applies what it wrote', async () => {
  const { database, project } = await useProject({
    '20240101000000_note': `${byteOrderMark}${createNote}`,
    '20240102000000_empty': '',
    '20240103000000_text': '-- AlterTable\r\nALTER TABLE "Note"\r\n  ADD COLUMN "text" TEXT NOT NULL;\r\n',
  })
  const { stdout } = await project.prisma(['generate'])
  expect(stdout).toMatch(/audit: wrote prisma\/migrations\/\d{14}_audit_note/)
  // PostgreSQL refuses the mark, so such a file got into the folder by a baseline: applied in another way.
  await database.query(createNote)
  await project.prisma(['migrate', 'resolve', '--applied', '20240101000000_note'])
  await project.prisma(['migrate', 'deploy'])
  await database.query(
    `SELECT set_config('audit.username', 'ann', true); INSERT INTO "Note" VALUES (1, 'hello')`,
  )
  expect(
    await database.query('SELECT audit_operation, audit_username, id, text FROM audit."Note_audit"'),
  ).toEqual([{ audit_operation: 'I', audit_username: 'ann', id: 1, text: 'hello' }])
})

test('a pending migration with a byte order mark is refused by PostgreSQL: Prisma sends the mark', async () => {
  const { project } = await useProject({ '20240101000000_note': `${byteOrderMark}${createNote}` })
  const { stderr } = await project.prisma(['migrate', 'deploy'], { expectFailure: true })
  expect(stderr).toContain('Migration name: 20240101000000_note\n\nDatabase error code: 42601')
})

test('a directory without migration.sql is named by generate, with what to do, and nothing is written', async () => {
  const { project } = await useProject({ '20240101000000_note': createNote })
  const lost = join(project.dir, 'prisma/migrations/20240102000000_lost')
  await mkdir(lost)
  const { stderr } = await project.prisma(['generate'], { expectFailure: true })
  expect(stderr).toContain(
    'prisma/migrations/20240102000000_lost/migration.sql is missing. Prisma stops there too (P3015): ' +
      'restore the file, or remove its directory if the migration was never applied.',
  )
  expect(existsSync(join(project.dir, 'generated'))).toBe(false)
  await rmdir(lost)
  expect((await project.migrationFiles()).map(({ name }) => name)).toEqual(['20240101000000_note'])
})
