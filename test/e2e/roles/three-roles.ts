import { PrismaPg } from '@prisma/adapter-pg'
import pg from 'pg'
import { afterAll, expect } from 'vitest'
import { runAudit } from '../../support/audit-command.ts'
import { serverMajor } from '../../support/test-database.ts'
import { type AuditedProject, useProject } from '../main-path/audited-project.ts'
import type { Client } from '../main-path/client.ts'
import { SCHEMA_HEAD } from '../main-path/schema-head.ts'

export const schema = `${SCHEMA_HEAD}enum State {
  open
  paid
}

/// @audit(enabled)
model Order {
  id    Int    @id @default(autoincrement())
  state State  @default(open)
  lines Line[]
}

/// @audit(enabled)
model Line {
  id      Int   @id @default(autoincrement())
  orderId Int
  order   Order @relation(fields: [orderId], references: [id], onDelete: Cascade)
}

model Note {
  id   Int    @id @default(autoincrement())
  text String
}
`

export const init = `CREATE TYPE "State" AS ENUM ('open', 'paid');
CREATE TABLE "Order" ("id" SERIAL NOT NULL, "state" "State" NOT NULL DEFAULT 'open', CONSTRAINT "Order_pkey" PRIMARY KEY ("id"));
CREATE TABLE "Line" ("id" SERIAL NOT NULL, "orderId" INTEGER NOT NULL, CONSTRAINT "Line_pkey" PRIMARY KEY ("id"));
CREATE TABLE "Note" ("id" SERIAL NOT NULL, "text" TEXT NOT NULL, CONSTRAINT "Note_pkey" PRIMARY KEY ("id"));
ALTER TABLE "Line" ADD CONSTRAINT "Line_orderId_fkey" FOREIGN KEY ("orderId") REFERENCES "Order"("id") ON DELETE CASCADE ON UPDATE CASCADE;
`

export type Db = Client<'order' | 'line' | 'note'>

export interface RoleNames {
  readonly owner: string
  readonly application: string
  readonly reader: string
}

export const quoted = (role: string) => pg.escapeIdentifier(role)

export interface Roles extends AuditedProject {
  /** Makes a role with the password x, and drops it after the last test. */
  make(role: string, attributes?: string): Promise<string>
  /** Roles that a script makes go after the last test, too. */
  drop(...roles: readonly string[]): void
  url(role: string): string
  /** One session of a role, from its first statement to the last one's rows. */
  as<Row extends pg.QueryResultRow = pg.QueryResultRow>(role: string, sql: string): Promise<Row[]>
  /** What PostgreSQL says of a script besides errors. */
  warnings(role: string, sql: string): Promise<string[]>
  client(role: string): Promise<Db>
  /** What the command prints. */
  script(names: RoleNames, ...flags: readonly string[]): Promise<string>
}

/** A project with its first migrations, none of them applied, on a database that knows nobody yet. */
export async function useRoles(options: Partial<Parameters<typeof useProject>[0]> = {}): Promise<Roles> {
  const audited = await useProject({ schema, migrations: { '20240101000000_init': init }, ...options })
  const { database, project } = audited
  await project.prisma(['generate'])
  const made = new Set<string>()
  const clients: { $disconnect(): Promise<void> }[] = []
  afterAll(async () => {
    await Promise.all(clients.map((client) => client.$disconnect()))
    const known = await database.query<{ rolname: string }>(
      'SELECT rolname FROM pg_roles WHERE rolname = ANY ($1)',
      [[...made]],
    )
    for (const { rolname } of known) {
      const role = quoted(rolname)
      await database.query(`REASSIGN OWNED BY ${role} TO CURRENT_USER; DROP OWNED BY ${role} CASCADE`)
    }
    for (const { rolname } of known) await database.query(`DROP ROLE ${quoted(rolname)}`)
  })
  const url = (role: string) => {
    const changed = new URL(database.url)
    changed.username = encodeURIComponent(role)
    changed.password = 'x'
    return changed.href
  }
  return {
    ...audited,
    url,
    async make(role, attributes = '') {
      await database.query(`CREATE ROLE ${quoted(role)} LOGIN PASSWORD 'x' ${attributes}`)
      made.add(role)
      return role
    },
    drop: (...roles) => {
      for (const role of roles) made.add(role)
    },
    async as<Row extends pg.QueryResultRow>(role: string, sql: string) {
      const client = new pg.Client({ connectionString: url(role) })
      await client.connect()
      try {
        const result: pg.QueryResult<Row> | pg.QueryResult<Row>[] = await client.query<Row>(sql)
        return (Array.isArray(result) ? result.at(-1)?.rows : result.rows) ?? []
      } finally {
        await client.end()
      }
    },
    async warnings(role, sql) {
      const client = new pg.Client({ connectionString: url(role) })
      const said: string[] = []
      client.on('notice', ({ severity, message }) => {
        if (severity === 'WARNING') said.push(`${message}`)
      })
      await client.connect()
      try {
        await client.query(sql)
        return said
      } finally {
        await client.end()
      }
    },
    async client(role) {
      const module = await project.importModule<{ PrismaClient: new (options: object) => Db }>(
        'generated/client/client.ts',
      )
      const adapter = new PrismaPg({ connectionString: url(role), max: 2 })
      const client = new module.PrismaClient({ adapter })
      clients.push(client)
      return client
    },
    async script({ owner, application, reader }, ...flags) {
      const names = ['--owner', owner, '--application', application, '--reader', reader]
      const { stdout, stderr, exitCode } = await runAudit(project.dir, ['roles', ...names, ...flags])
      expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 })
      return stdout
    },
  }
}

/** A role without superuser that may create roles and owns the database, as a hosted PostgreSQL gives one to its customer. */
export async function makeHost(roles: Roles, role: string): Promise<string> {
  await roles.make(role, 'CREATEROLE')
  await roles.database.query(`ALTER DATABASE ${quoted(roles.database.name)} OWNER TO ${quoted(role)}`)
  // Since 15 public belongs to the owner of the database.
  if (serverMajor() < 15) await roles.database.query(`ALTER SCHEMA public OWNER TO ${quoted(role)}`)
  return role
}
