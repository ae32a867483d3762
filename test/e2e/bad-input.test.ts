import { chmodSync, existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { PrismaOptions } from '../support/prisma-command.ts'
import { createPrismaProject } from '../support/prisma-project.ts'
import { createDatabase } from '../support/test-database.ts'
import { importAudit, openClient, useProject } from './main-path/audited-project.ts'

const block = (provider = 'postgresql') => `generator audit {
  provider        = "prisma-generator-audit"
  output          = "../generated/audit"
  sessionSettings = ["username String"]
}

datasource db {
  provider = "${provider}"
}
`
const note =
  '/// @audit(enabled)\nmodel Note {\n  id   Int    @id @default(autoincrement())\n  text String\n}\n'
const schema = `${block()}\n${note}`
const createNote = `CREATE TABLE "Note" ("id" SERIAL NOT NULL, "text" TEXT NOT NULL,
  CONSTRAINT "Note_pkey" PRIMARY KEY ("id"));\n`
const first = '20240101000000_note'

const project = await createPrismaProject({
  schema,
  migrations: { [first]: createNote },
  databaseUrl: 'postgresql://nobody@localhost:1/none',
})
const config = await project.read('prisma.config.ts')
const at = (path: string) => join(project.dir, path)
afterAll(() => project.cleanup())

/** Every file and folder of the project but node_modules and .git. */
function files(): readonly string[] {
  return readdirSync(project.dir, { recursive: true, encoding: 'utf8' })
    .filter((path) => !/^(node_modules|\.git)(\/|$)/.test(path))
    .sort()
}

/** The error that `prisma generate` ends with, without Prisma's own lines around it. */
async function failure(options: PrismaOptions = {}): Promise<string> {
  const before = files()
  const { stdout, stderr } = await project.prisma(['generate'], { expectFailure: true, ...options })
  // Nothing half done: no directory, no draft, no lock, no typed module.
  expect(files()).toEqual(before)
  expect(stdout + stderr).not.toMatch(/^\s+at .*:\d+:\d+/m)
  return messageOf(stdout + stderr)
}

/** The audit's own lines of a run that ends well. */
async function report(options: PrismaOptions = {}): Promise<string> {
  const { stdout } = await project.prisma(['generate'], options)
  return stdout
    .slice(Math.max(0, stdout.search(/^.*(audit:|AUD\d)/m)))
    .replaceAll(/\d{14}(?=_audit)/g, '<time>')
    .replace(/\n✔[\s\S]*/, '')
    .trim()
}

function messageOf(output: string): string {
  return output
    .replaceAll(project.dir, '<project>')
    .split('\n')
    .filter((line) => !/^(Loaded Prisma config|Prisma schema loaded|Error: ?$)/.test(line))
    .join('\n')
    .trim()
}

describe('prisma generate', () => {
  beforeEach(async () => {
    rmSync(at('prisma'), { recursive: true })
    rmSync(at('generated'), { recursive: true, force: true })
    await project.write('prisma/schema.prisma', schema)
    await project.write(`prisma/migrations/${first}/migration.sql`, createNote)
    await project.write('prisma.config.ts', config)
  })

  test('shows all problems of a schema in several files at once, each with its place', async () => {
    await project.write('prisma.config.ts', config.replace('prisma/schema.prisma', 'prisma'))
    await project.write('prisma/schema.prisma', block().replace('"username String"', '"username Strng"'))
    await project.write(
      'prisma/models/note.prisma',
      note.replace('enabled', 'enable').replace('  text', '  /// @audit(exclud)\n  text'),
    )
    await project.write('prisma/models/tag.prisma', '/// @audit(enabled)\n\nmodel Tag {\n  id Int @id\n}\n')
    expect(await failure()).toMatchInlineSnapshot(`
      "the audit cannot be generated

      prisma/models/note.prisma:1:12 - error AUD202: @audit has no option "enable".
          1 | /// @audit(enable)
            |            ^^^^^^
         Did you mean "enabled"?

      prisma/models/note.prisma:4:14 - error AUD202: @audit has no option "exclud".
          4 |   /// @audit(exclud)
            |              ^^^^^^
         Did you mean "exclude"?

      prisma/models/tag.prisma:1:5 - error AUD405: A blank line stands between this annotation and what it should belong to, so Prisma drops it.
          1 | /// @audit(enabled)
            |     ^^^^^^
         Remove the blank line.

      prisma/schema.prisma:4:32 - error AUD301: The session setting "username" has the unknown type "Strng".
          4 |   sessionSettings = ["username Strng"]
            |                                ^^^^^
         Did you mean "String"?

      4 errors"
    `)
  })

  test('without a prisma.config.ts: the folder beside the schema is taken', async () => {
    rmSync(at('prisma.config.ts'))
    expect(await report()).toMatchInlineSnapshot(`
      "audit: 1 model audited.
      audit: wrote prisma/migrations/<time>_audit_note
        Next: read it, commit it, then npx prisma migrate dev (in production: npx prisma migrate deploy)"
    `)
  })

  test('with a prisma.config.ts that throws without DATABASE_URL: Prisma itself names the variable', async () => {
    await project.write(
      'prisma.config.ts',
      config
        .replace('process.env.DATABASE_URL', "env('DATABASE_URL')")
        .replace('{ defineConfig }', '{ defineConfig, env }'),
    )
    expect(await failure({ env: { DATABASE_URL: undefined } })).toMatchInlineSnapshot(
      `"Failed to load config file "<project>" as a TypeScript/JavaScript module. Error: PrismaConfigEnvError: Cannot resolve environment variable: DATABASE_URL."`,
    )
  })

  test('with a MySQL datasource', async () => {
    await project.write('prisma/schema.prisma', `${block('mysql')}\n${note}`)
    expect(await failure()).toMatchInlineSnapshot(`
      "the audit cannot be generated

      prisma/schema.prisma:8:14 - error AUD105: The datasource's provider is "mysql", and the audit trail is made of PostgreSQL triggers.
          8 |   provider = "mysql"
            |              ^^^^^^^
         Remove this generator from the schema, or use a datasource with provider = "postgresql".

      1 error"
    `)
  })

  test('with a migrations folder that cannot be read', async () => {
    chmodSync(at('prisma/migrations'), 0o000)
    try {
      const { stdout, stderr } = await project.prisma(['generate'], {
        expectFailure: true,
        obeysPermissions: true,
      })
      expect(messageOf(stdout + stderr)).toMatchInlineSnapshot(
        `"The migrations folder prisma/migrations cannot be read: permission denied. Give this user read access to it."`,
      )
    } finally {
      chmodSync(at('prisma/migrations'), 0o755)
    }
    expect(existsSync(at('generated'))).toBe(false)
  })

  test('with a migrations folder that is a file', async () => {
    rmSync(at('prisma/migrations'), { recursive: true })
    writeFileSync(at('prisma/migrations'), '')
    expect(await failure()).toMatchInlineSnapshot(
      `"The migrations folder prisma/migrations is a file. Set the generator's option "migrations" to the folder."`,
    )
  })

  test('with a migration directory that holds no migration.sql', async () => {
    rmSync(at(`prisma/migrations/${first}/migration.sql`))
    expect(await failure()).toMatchInlineSnapshot(
      `"prisma/migrations/20240101000000_note/migration.sql is missing. Prisma stops there too (P3015): restore the file, or remove its directory if the migration was never applied."`,
    )
  })

  test('with a header of an audit part that was edited', async () => {
    await project.prisma(['generate'])
    const part = readdirSync(at('prisma/migrations')).find((name) => name.includes('_audit_')) ?? ''
    const path = `prisma/migrations/${part}/migration.sql`
    const sql = await project.read(path)
    await project.write(path, sql.replace('"kind":"createAuditTable"', '"kind":"createHistory"'))
    expect((await failure()).replaceAll(/\d{14}(?=_audit)/g, '<time>')).toMatchInlineSnapshot(`
      "the audit cannot be generated

      prisma/migrations/<time>_audit_note/migration.sql:3:1 - error AUD601: The header of this audit part cannot be read: unknown step "createHistory"; a newer prisma-generator-audit may have written it: update the package.
          3 | -- {"kind":"createHistory","source":{"schema":"public","name":"Note"},"table":{"schema":"audit",
            | ^
         The header is the record of what is installed. Restore the file from version control.

      1 error"
    `)
  })

  test('with an option migrations that names no folder: a report that says so, and the typed module', async () => {
    await project.write('prisma/schema.prisma', schema.replace('output', 'migrations = "../db"\n  output'))
    expect(await report()).toMatchInlineSnapshot(`
      "audit: 1 model audited.
      audit: no migration was written: There is no migrations folder at db. Correct the generator's option "migrations": it is relative to the schema."
    `)
    expect(existsSync(at('generated/audit/index.ts'))).toBe(true)
  })

  test('with an output folder that cannot be written', async () => {
    await project.write('generated/audit/.keep', '')
    chmodSync(at('generated/audit'), 0o555)
    expect(await failure({ obeysPermissions: true })).toMatchInlineSnapshot(
      `"The typed module cannot be written to <project>/generated/audit/index.ts (EACCES). Give this user write access to that folder, or name another one in the generator's option "output"."`,
    )
    chmodSync(at('generated/audit'), 0o755)
  })

  test('with an output folder that is a file', async () => {
    await project.write('generated/audit', '')
    expect(await failure()).toMatchInlineSnapshot(
      `"The typed module cannot be written to <project>/generated/audit/index.ts (EEXIST). Give this user write access to that folder, or name another one in the generator's option "output"."`,
    )
  })
})

describe('prisma migrate deploy', () => {
  test('into a database with a schema called audit of its own: stops, says what to do, and changes nothing', async () => {
    const database = await createDatabase()
    const deployed = await createPrismaProject({
      schema,
      migrations: { [first]: createNote },
      databaseUrl: database.url,
    })
    try {
      await database.query('CREATE SCHEMA audit; CREATE TABLE audit.books (id int)')
      await deployed.prisma(['generate'])
      const { stdout, stderr } = await deployed.prisma(['migrate', 'deploy'], { expectFailure: true })
      const message = (stdout + stderr).replaceAll(/\d{14}(?=_audit)/g, '<time>')
      expect(message.slice(message.indexOf('Migration name:')).trim()).toMatchInlineSnapshot(`
        "Migration name: <time>_audit_note

        Database error code: 42P06

        Database error:
        ERROR: schema audit exists already and does not belong to prisma-generator-audit
        HINT: Mark this migration with "npx prisma migrate resolve --rolled-back", remove its directory, choose another schema in the generator block of schema.prisma, for example schema = "audit_trail", and run "npx prisma generate"."
      `)
      expect(
        await database.query(
          `SELECT relname FROM pg_class WHERE relnamespace = 'audit'::regnamespace UNION ALL
           SELECT tgname FROM pg_trigger WHERE NOT tgisinternal`,
        ),
      ).toEqual([{ relname: 'books' }])
    } finally {
      deployed.cleanup()
      await database.drop()
    }
  })
})

describe('a context value', async () => {
  const audited = await useProject({
    schema: `generator client {\n  provider = "prisma-client"\n  output   = "../generated/client"\n}\n${schema}`,
    migrations: { [first]: createNote },
  })
  beforeAll(async () => {
    await audited.project.prisma(['generate'])
    await audited.project.prisma(['migrate', 'deploy'])
  })

  const values: readonly (readonly [string, string])[] = [
    ['with quotes', `o'brien "the" $$ $1 %s`],
    ['with backslashes', `C:\\users\\ann\\' \\x00 \\`],
    ['with line ends and controls', 'a\nb\r\n\tc\u0001\u007f'],
    ['with emoji and combining marks', '👩‍👩‍👧‍👦 e\u0301 \u202eabc 猫'],
    ['that is SQL', `'; DROP TABLE "Note"; --`],
    ['of 1 MB', 'ä'.repeat(512 * 1024)],
  ]

  test.each(values)('%s arrives character for character', async (name, value) => {
    const client = await openClient<'note'>(audited)
    const { auditContext } = await importAudit(audited)
    const mine = client.$extends(auditContext({ username: value }))
    await mine.note.create({ data: { text: name } })
    await mine.$executeRaw`INSERT INTO "Note" ("text") VALUES (${name})`
    await mine.$transaction(async (tx) => {
      await tx.note.create({ data: { text: name } })
    })
    const rows = await audited.database.query<{ audit_username: string }>(
      'SELECT audit_username FROM audit."Note_audit" WHERE text = $1',
      [name],
    )
    expect(rows).toHaveLength(3)
    expect(rows.every((row) => row.audit_username === value)).toBe(true)
  })

  test('with NUL, which PostgreSQL cannot store, is refused with a sentence, and nothing is written', async () => {
    const client = await openClient<'note'>(audited)
    const { auditContext } = await importAudit(audited)
    const write = async () =>
      client.$extends(auditContext({ username: 'an\0n' })).note.create({ data: { text: 'nul' } })
    const error = await write().then(
      () => undefined,
      (reason: unknown) => (reason instanceof Error ? reason.message : String(reason)),
    )
    expect(error).toMatchInlineSnapshot(
      `"The audit setting "username" holds a NUL character, which PostgreSQL cannot store."`,
    )
    expect(await client.note.count({ where: { text: 'nul' } })).toBe(0)
  })
})
