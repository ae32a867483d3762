import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { expect, onTestFinished, test, vi } from 'vitest'
import { NAME, ROLE, replication, running, useTwoServers } from './replication/two-servers.ts'

vi.setConfig({ testTimeout: 240_000 })

const servers = useTwoServers()

const models = `
/// @audit(enabled)
model Order {
  id   Int    @id @default(autoincrement())
  note String
}
`
const tables = `CREATE TABLE "Order" ("id" SERIAL NOT NULL, "note" TEXT NOT NULL, CONSTRAINT "Order_pkey" PRIMARY KEY ("id"));
`
const HISTORY = 'audit."Order_audit"'
const head = (options: string) => `generator audit {
  provider        = "prisma-generator-audit"
  output          = "../generated/audit"
  sessionSettings = ["username String?"]
  ${options}
}

datasource db {
  provider = "postgresql"
}
`

test('connections and servers that are killed again and again lose no row, and double none', async () => {
  const made = await running(await replication(servers(), models, tables))
  const pool = made.primary.pool({ max: 2 })
  let isStopped = false
  const write = async () => {
    while (!isStopped) await pool.query(`INSERT INTO "Order" (note) VALUES ('a'), ('b'), ('c')`)
  }
  const writers = [write(), write()]
  for (let round = 0; round < 10; round += 1) {
    await sleep(150)
    await made.primary.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_replication`)
    await made.second.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type LIKE 'logical replication%' AND datname = current_database()`,
    )
  }
  isStopped = true
  await Promise.all(writers)
  await made.expectSame(HISTORY)
})

test('names that need quotes, and a dollar quote of ours in them, are quoted', async () => {
  const odd = `Or"der $audit$ 'x'; DROP SCHEMA audit CASCADE; --`
  const made = await replication(
    servers(),
    `/// @audit(enabled, table: "hist'ory \\"$audit$\\" %I")
model Order {
  id   Int    @id @default(autoincrement())
  note String @map("no\\"te; --")
  @@map(${JSON.stringify(odd)})
}
`,
    `CREATE TABLE "${odd.replaceAll('"', '""')}" ("id" SERIAL NOT NULL, "no""te; --" TEXT NOT NULL, CONSTRAINT "Order_pkey" PRIMARY KEY ("id"));\n`,
    head(`schema = "au'dit \\"$audit$\\""`),
  )
  const history = `"au'dit ""$audit$"""."hist'ory ""$audit$"" %I"`
  await running(made)
  await made.setUp('publisher')
  await made.setUp('subscriber')
  await made.primary.query(`INSERT INTO "${odd.replaceAll('"', '""')}" VALUES (1, 'a')`)
  await made.expectSame(history)
  expect(await made.second.query(`SELECT FROM ${history}`)).toHaveLength(1)
})

test('histories among the tables of the application are published without these', async () => {
  const made = await running(await replication(servers(), models, tables, head('schema = "public"')))
  await made.setUp('publisher')
  await made.setUp('subscriber')
  await made.primary.query(`INSERT INTO "Order" (note) VALUES ('a')`)
  await made.expectSame('"Order_audit"')
  expect(
    await made.primary.query(`SELECT tablename FROM pg_publication_tables WHERE pubname = '${NAME}'`),
  ).toEqual([{ tablename: 'Order_audit' }])
})

test('neither the owner of the primary nor that of the second server has to be a superuser', async () => {
  const made = await replication(servers(), models, tables)
  const [{ sql = '' } = {}] = await made.project.migrationFiles()
  const name = `${made.primary.name}_owner`
  for (const database of [made.primary, made.second]) {
    await database.query(
      `CREATE ROLE "${name}" LOGIN PASSWORD 'x'; ALTER DATABASE "${database.name}" OWNER TO "${name}"`,
    )
  }
  await made.primary.query(`DROP SCHEMA audit CASCADE; DROP TABLE "Order" CASCADE`)
  await made.second.query(`GRANT pg_create_subscription TO "${name}"`)
  const owner = async (url: string) => {
    const changed = new URL(url)
    changed.username = name
    changed.password = 'x'
    const client = new pg.Client({ connectionString: changed.href })
    await client.connect()
    onTestFinished(() => client.end())
    return client
  }
  const [primary, second] = [await owner(made.primary.url), await owner(made.second.url)]
  await primary.query(sql)
  await primary.query(made.script('publisher'))
  await second.query(made.script('subscriber'))
  const { hostname, port } = new URL(made.primary.url)
  await second.query(
    `CREATE SUBSCRIPTION ${NAME} CONNECTION 'host=${hostname} port=${port} user=${ROLE} password=x dbname=${made.primary.name}' PUBLICATION ${NAME} WITH (slot_name = '${made.primary.name}')`,
  )
  await primary.query(`INSERT INTO "Order" (note) VALUES ('a')`)
  await made.expectSame(HISTORY)
  expect(await made.second.query(`SELECT FROM ${HISTORY}`)).toHaveLength(1)
})
