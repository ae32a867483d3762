import pg from 'pg'
import { withAuditContext } from 'prisma-extension-audit'
import { beforeAll, describe, expect, test } from 'vitest'
import { createPrismaProject } from '../support/prisma-project.ts'
import { createTemplate, type Template } from '../support/test-database.ts'
import { type AuditedProject, generateMigration, useProject } from './main-path/audited-project.ts'

const schema = `generator audit {
  provider        = "prisma-generator-audit"
  output          = "../generated/audit"
  sessionSettings = ["username String", "attempt Int?"]
}

datasource db {
  provider = "postgresql"
}

/// @audit(enabled)
model Order {
  id   Int    @id @default(autoincrement())
  name String
}

/// @audit(enabled, sessionSettings: [username String @default("system")])
model Log {
  id   Int    @id @default(autoincrement())
  text String
}
`

const tables = `CREATE TABLE "Order" ("id" SERIAL NOT NULL, "name" TEXT NOT NULL,
  CONSTRAINT "Order_pkey" PRIMARY KEY ("id"));
CREATE TABLE "Log" ("id" SERIAL NOT NULL, "text" TEXT NOT NULL, CONSTRAINT "Log_pkey" PRIMARY KEY ("id"));
INSERT INTO "Order" ("name") VALUES ('from before the audit');
`

const seed = (write: string) => `import pg from 'pg'
import { withAuditContext } from 'prisma-extension-audit'

const client = new pg.Client(process.env.DATABASE_URL)
await client.connect()
try {
  ${write}
} catch (error) {
  console.error(error.message)
  console.error(error.hint)
  process.exitCode = 1
} finally {
  await client.end()
}
`

const migrations: Record<string, string> = {}
let template: Template

beforeAll(async () => {
  template = await createTemplate('writers-without-context', async (databaseUrl) => {
    const project = await createPrismaProject({
      schema,
      databaseUrl,
      migrations: { '20240101000000_init': tables },
    })
    await generateMigration(project)
    await project.prisma(['migrate', 'deploy'])
    for (const { name, sql } of await project.migrationFiles()) migrations[name] = sql
    project.cleanup()
  })
})

/** The names in the history of orders, with who wrote them, oldest first. */
async function history({ database }: AuditedProject) {
  const rows = await database.query(
    `SELECT concat_ws(' ', audit_operation, audit_username, audit_attempt, name) AS line
     FROM audit."Order_audit" ORDER BY audit_id`,
  )
  return rows.map(({ line }) => line)
}

const RENAME = '20990101000000_rename'
const STATEMENT = `SELECT set_config('audit.username', 'migration:${RENAME}', true);`
const change = `ALTER TABLE "Log" ADD COLUMN "level" INTEGER;

UPDATE "Order"
SET name = 'renamed';
`
const withLevel = schema.replace('  text String\n', '  text String\n  level Int?\n')

describe('a data change in a migration', () => {
  const start = (sql: string) =>
    useProject({ schema: withLevel, template, migrations: { ...migrations, [RENAME]: sql } })

  test('that would be refused is named by generate with file and line, and the statement to put first', async () => {
    const { project } = await start(change)
    const { stdout } = await project.prisma(['generate'])
    expect(stdout).toContain(`prisma/migrations/${RENAME}/migration.sql:3:1`)
    expect(stdout).toContain('UPDATE on "public"."Order" is audited and lacks audit.username')
    expect(stdout).toContain(STATEMENT)
    // What ran before there was an audit is not refused.
    expect(stdout).not.toContain('20240101000000_init')
  })

  test('without the statement stops migrate dev at the replay and migrate deploy, each with what to do; nothing is written', async () => {
    const audited = await start(change)
    const dev = await audited.project.prisma(['migrate', 'dev'], { expectFailure: true })
    const deploy = await audited.project.prisma(['migrate', 'deploy'], { expectFailure: true })
    expect(dev.stderr).toContain('P3006')
    expect(deploy.stderr).toContain('P3018')
    for (const { stderr } of [dev, deploy]) {
      expect(stderr).toContain('Database error code: AU001')
      expect(stderr).toContain(
        'a write to "public"."Order" needs the setting audit.username, which is not set',
      )
      expect(stderr).toContain("SELECT set_config('audit.username', '...', true)")
    }
    expect(await history(audited)).toEqual([])
    expect(await audited.database.query('SELECT name FROM "Order"')).toEqual([
      { name: 'from before the audit' },
    ])
  })

  test('with the statement runs in migrate dev, in migrate deploy and in migrate reset, and its history says which migration', async () => {
    const audited = await start(`${STATEMENT}\n${change}`)
    const { database, project } = audited
    const own = [`U migration:${RENAME} renamed`]
    await project.prisma(['migrate', 'deploy'])
    expect(await history(audited)).toEqual(own)
    await generateMigration(project)
    await project.prisma(['migrate', 'dev'])
    expect(await history(audited)).toEqual(own)
    await project.prisma(['migrate', 'reset', '--force'])
    expect(await history(audited)).toEqual(own)
    expect(await database.query('SELECT name FROM "Order"')).toEqual([{ name: 'renamed' }])
  })

  test('with the statement is named by generate no more', async () => {
    const { project } = await start(`${STATEMENT}\n${change}`)
    expect((await project.prisma(['generate'])).stdout).not.toContain('AUD607')
  })
})

describe('db seed', () => {
  const run = async (write: string, expectFailure = false) => {
    const files = { 'seed.js': seed(write) }
    const audited = await useProject({ schema, template, migrations, files, seed: 'node seed.js' })
    const result = await audited.project.prisma(['db', 'seed'], { expectFailure })
    return { audited, result }
  }
  const insert = `client.query(\`INSERT INTO "Order" (name) VALUES ('seeded')\`)`

  test('without a context is refused, with what to do, and writes nothing', async () => {
    const { audited, result } = await run(`await ${insert}`, true)
    const output = result.stdout + result.stderr
    expect(output).toContain('a write to "public"."Order" needs the setting audit.username')
    expect(output).toContain("SELECT set_config('audit.username', '...', true)")
    expect(await history(audited)).toEqual([])
  })

  test('with withAuditContext writes, and the history says that it was the seed', async () => {
    const { audited } = await run(`await withAuditContext(client, { username: 'seed' }, () => ${insert})`)
    expect(await history(audited)).toEqual(['I seed seeded'])
  })

  test('with auditContext on the generated client writes, and the history says that it was the seed', async () => {
    const client =
      'generator client {\n  provider = "prisma-client-js"\n  output = "../generated/client"\n}\n'
    const audited = await useProject({
      schema: client + schema,
      template,
      migrations,
      seed: 'node seed.js',
      files: {
        'seed.js': `import { PrismaPg } from '@prisma/adapter-pg'
import { auditContext } from 'prisma-extension-audit'
import prisma from './generated/client/index.js'

const adapter = new PrismaPg(process.env.DATABASE_URL)
const db = new prisma.PrismaClient({ adapter }).$extends(auditContext({ username: 'seed' }))
await db.order.createMany({ data: [{ name: 'first' }, { name: 'second' }] })
await db.$disconnect()
`,
      },
    })
    await audited.project.prisma(['generate'])
    await audited.project.prisma(['db', 'seed'])
    expect(await history(audited)).toEqual(['I seed first', 'I seed second'])
  })
})

describe('a connection of its own', () => {
  let audited: AuditedProject

  beforeAll(async () => {
    audited = await useProject({ schema, template, migrations })
  })

  async function connected<T>(work: (client: pg.Client) => Promise<T>, options = ''): Promise<T> {
    const url = new URL(audited.database.url)
    if (options) url.searchParams.set('options', options)
    const client = new pg.Client({ connectionString: url.href })
    await client.connect()
    try {
      return await work(client)
    } finally {
      await client.end()
    }
  }

  const insert = (name: string) => `INSERT INTO "Order" (name) VALUES ('${name}')`
  const last = async () => (await history(audited)).at(-1)

  test('without a context is refused, and the message says how to set it', async () => {
    await expect(connected((client) => client.query(insert('refused')))).rejects.toMatchObject({
      code: 'AU001',
      message: 'a write to "public"."Order" needs the setting audit.username, which is not set',
      hint: expect.stringContaining(`SELECT audit.set_context('{"username": "..."}')`),
    })
    expect(await audited.database.query(`SELECT FROM "Order" WHERE name = 'refused'`)).toEqual([])
  })

  test('set_config for the transaction is recorded, and gone after it', async () => {
    await connected(async (client) => {
      await client.query(`BEGIN; SELECT set_config('audit.username', 'dba', true); ${insert('one')}; COMMIT`)
      await expect(client.query(insert('two'))).rejects.toMatchObject({ code: 'AU001' })
    })
    expect(await last()).toBe('I dba one')
  })

  test('SET for the session is recorded with every write of the session', async () => {
    await connected(async (client) => {
      await client.query(`SET audit.username = 'night shift'`)
      await client.query(insert('three'))
      await client.query(insert('four'))
    })
    expect((await history(audited)).slice(-2)).toEqual(['I night shift three', 'I night shift four'])
  })

  test('audit.set_context sets several settings at once, and any role may call it', async () => {
    const role = `${audited.database.name}_cron`
    await audited.database.query(`CREATE ROLE ${role}; GRANT INSERT ON "Order" TO ${role};
      GRANT USAGE ON SEQUENCE "Order_id_seq" TO ${role}`)
    try {
      await connected((client) =>
        client.query(`BEGIN; SET ROLE ${role};
          SELECT audit.set_context('{"username": "o''neil \\"x\\"", "attempt": 3}');
          ${insert('five')}; COMMIT`),
      )
    } finally {
      await audited.database.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`)
    }
    expect(await last()).toBe(`I o'neil "x" 3 five`)
  })

  test('options=-c audit.username=… in the connection string is recorded with all that comes through it', async () => {
    await connected((client) => client.query(insert('six')), '-c audit.username=billing')
    expect(await last()).toBe('I billing six')
  })

  test('withAuditContext gives a bare pg client its context, and takes everything back when the work throws', async () => {
    await connected(async (client) => {
      await withAuditContext(client, { username: 'job', attempt: 2 }, () => client.query(insert('seven')))
      const outcome = withAuditContext(client, { username: 'job' }, async () => {
        await client.query(insert('eight'))
        throw new Error('changed my mind')
      })
      await expect(outcome).rejects.toThrow('changed my mind')
      await expect(client.query(insert('nine'))).rejects.toMatchObject({ code: 'AU001' })
    })
    expect(await last()).toBe('I job 2 seven')
  })

  test('@default fills in for a setting that is absent, and gives way to one that is there', async () => {
    await connected(async (client) => {
      await client.query(`INSERT INTO "Log" (text) VALUES ('a')`)
      await client.query(
        `BEGIN; SET LOCAL audit.username = 'ann'; INSERT INTO "Log" (text) VALUES ('b'); COMMIT`,
      )
      await client.query(`INSERT INTO "Log" (text) VALUES ('c')`)
    })
    expect(
      await audited.database.query('SELECT audit_username, text FROM audit."Log_audit" ORDER BY audit_id'),
    ).toEqual([
      { audit_username: 'system', text: 'a' },
      { audit_username: 'ann', text: 'b' },
      { audit_username: 'system', text: 'c' },
    ])
  })
})
