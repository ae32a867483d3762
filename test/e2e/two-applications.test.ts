import { expect, onTestFinished, test, vi } from 'vitest'
import { createPrismaProject } from '../support/prisma-project.ts'
import { createDatabase } from '../support/test-database.ts'
import { runWrapper } from './migrate/wrapped-project.ts'

vi.setConfig({ testTimeout: 240_000 })

const NOTES = `datasource db {
  provider = "postgresql"
}

model Note {
  id Int @id
}
`
const SHOP = `generator audit {
  provider        = "prisma-generator-audit"
  output          = "../generated/audit"
  sessionSettings = ["username String"]
}

datasource db {
  provider = "postgresql"
  schemas  = ["shop"]
}

/// @audit(enabled)
model Order {
  id Int @id

  @@schema("shop")
}
`

/** One keeps its list of migrations in `public`, the other where its URL says. */
async function twoApplications() {
  const database = await createDatabase()
  const notes = await createPrismaProject({
    schema: NOTES,
    databaseUrl: database.url,
    migrations: {
      '20240101000000_init': `CREATE TABLE "Note" ("id" INTEGER NOT NULL, CONSTRAINT "Note_pkey" PRIMARY KEY ("id"));`,
    },
  })
  const url = `${database.url}?schema=shop`
  const shop = await createPrismaProject({
    schema: SHOP,
    databaseUrl: url,
    migrations: {
      '20240102000000_init': `CREATE SCHEMA IF NOT EXISTS "shop";
CREATE TABLE "shop"."Order" ("id" INTEGER NOT NULL, CONSTRAINT "Order_pkey" PRIMARY KEY ("id"));`,
    },
  })
  onTestFinished(async () => {
    notes.cleanup()
    shop.cleanup()
    await database.drop()
  })
  await notes.prisma(['migrate', 'deploy'])
  await shop.prisma(['generate'])
  await shop.prisma(['migrate', 'deploy'])
  expect(
    await database.query(
      `SELECT table_schema AS schema FROM information_schema.tables WHERE table_name = '_prisma_migrations' ORDER BY 1`,
    ),
  ).toEqual([{ schema: 'public' }, { schema: 'shop' }])
  return { database, url, shop }
}

test.for([
  ['the schema that the URL names', '?schema=shop'],
  ['the names that it knows', ''],
] as const)(
  'two applications in one database: migrations are held against the list of their own, by %s',
  async ([, query]) => {
    const { database, shop } = await twoApplications()
    const audit = (...args: readonly string[]) => runWrapper(shop.dir, database.url + query, args)
    const write = (id: number) =>
      database.query(
        `BEGIN; SELECT set_config('audit.username', 'ann', true); INSERT INTO shop."Order" VALUES (${id}); COMMIT`,
      )
    await write(1)
    for (const args of [
      ['status'],
      ['verify', '--live'],
      ['install'],
      ['after-restore'],
      ['pause', '--reason', 'x'],
    ]) {
      expect([args, await audit(...args)]).toMatchObject([args, { exitCode: 0 }])
    }
    await database.query(`INSERT INTO shop."Order" VALUES (2)`)
    expect(await audit('resume', '--set', 'username=ops')).toMatchObject({ exitCode: 0 })
    await write(3)
    expect(
      await database.query(`SELECT audit_username AS by, id FROM audit."Order_audit" ORDER BY audit_id`),
    ).toEqual([
      { by: 'ann', id: 1 },
      { by: 'ops', id: 2 },
      { by: 'ann', id: 3 },
    ])
  },
)

test('two applications in one database: what is not applied in the own schema is not, whatever another list says', async () => {
  const { database, url, shop } = await twoApplications()
  await database.query(
    `INSERT INTO public._prisma_migrations SELECT * FROM shop._prisma_migrations; UPDATE shop._prisma_migrations SET finished_at = NULL`,
  )
  expect(await runWrapper(shop.dir, url, ['install'])).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('Migrations come first'),
  })
})

test("two applications in one database: the script of roles leaves the other one's list of migrations alone", async () => {
  const { database, url, shop } = await twoApplications()
  const role = (name: string) => `${database.name}_${name}`
  const [owner, app, reader, other] = [role('owner'), role('app'), role('reader'), role('other')]
  const names = ['--owner', owner, '--application', app, '--reader', reader]
  const printed = await runWrapper(shop.dir, url, ['roles', ...names])
  expect(printed).toMatchObject({ exitCode: 0 })
  await database.query(`CREATE ROLE "${other}"; ALTER TABLE public._prisma_migrations OWNER TO "${other}"`)
  onTestFinished(async () => {
    for (const each of [owner, app, reader, other])
      await database.query(
        `REASSIGN OWNED BY "${each}" TO CURRENT_USER; DROP OWNED BY "${each}"; DROP ROLE "${each}"`,
      )
  })
  await database.query(printed.stdout)
  expect(
    await database.query(
      `SELECT schemaname AS schema, tableowner AS owner FROM pg_tables WHERE tablename = '_prisma_migrations' ORDER BY 1`,
    ),
  ).toEqual([
    { schema: 'public', owner: other },
    { schema: 'shop', owner },
  ])
})
