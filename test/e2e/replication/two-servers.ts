import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, onTestFinished } from 'vitest'
import { renderPublication } from '../../../packages/generator/src/sql/publication.ts'
import { renderReplica } from '../../../packages/generator/src/sql/replica.ts'
import { columnOrders } from '../../../packages/generator/src/state/column-order.ts'
import { foldParts } from '../../../packages/generator/src/state/fold-parts.ts'
import { formerHomes, formerNames } from '../../../packages/generator/src/state/former-names.ts'
import { compileProject, type Migrations } from '../../../packages/generator/test/compile/compile-project.ts'
import { type AuditResult, runAudit } from '../../support/audit-command.ts'
import { createDatabaseOn, type TestDatabase } from '../../support/database.ts'
import { startEmbeddedServer } from '../../support/embedded-server.ts'
import { createPrismaProject, type PrismaProject } from '../../support/prisma-project.ts'

/** The role that the second server connects as. */
export const ROLE = 'audit_replication'
export const NAME = 'prisma_audit'

type Servers = { readonly primary: string; readonly second: string }

/**
 * Two servers of this test file's own: a subscription within one server would wait for itself.
 *
 * @param programs the folders of their programs; those of the run unless given
 */
export function useTwoServers(
  programs: { readonly primary?: string; readonly second?: string } = {},
): () => Servers {
  let servers: Servers | undefined
  const stops: (() => Promise<void>)[] = []
  beforeAll(async () => {
    const started = await Promise.allSettled([
      startEmbeddedServer(programs.primary),
      startEmbeddedServer(programs.second),
    ])
    for (const each of started) if (each.status === 'fulfilled') stops.push(each.value.stop)
    const [primary = '', second = ''] = started.map((each) => {
      if (each.status === 'rejected') throw each.reason
      return each.value.url
    })
    const admin = await createDatabaseOn({ url: primary, prefix: 'admin' })
    await admin.query(`CREATE ROLE ${ROLE} LOGIN REPLICATION PASSWORD 'x'`)
    await admin.drop()
    servers = { primary, second }
  }, 120_000)
  afterAll(() => Promise.all(stops.map((stop) => stop())))
  return () => {
    if (servers === undefined) throw new Error('the servers are not started yet')
    return servers
  }
}

export interface Replication {
  readonly project: PrismaProject
  readonly primary: TestDatabase
  readonly second: TestDatabase
  /** `prisma-generator-audit <args>` in the project. */
  audit(...args: readonly string[]): Promise<AuditResult>
  script(side: 'publisher' | 'subscriber', renames?: boolean): string
  /** Runs the script of a side there. */
  setUp(side: 'publisher' | 'subscriber', renames?: boolean): Promise<void>
  /** The schema's models from now on, with the application's own SQL, if any; the audit part is made, and all of it given back. */
  migrate(models: string, sql: string, head?: string): Promise<string>
  subscribe(options?: string): Promise<void>
  /** Waits until all tables are copied. */
  copied(): Promise<void>
  /** Waits until both sides have the same rows. */
  expectSame(table: string): Promise<void>
  /** Waits until the second server has refused something. */
  stalled(): Promise<void>
}

export const HEAD = `generator audit {
  provider        = "prisma-generator-audit"
  output          = "../generated/audit"
  sessionSettings = ["username String?"]
}

datasource db {
  provider = "postgresql"
}
`

/** A project whose migrations are applied on the primary, and nothing yet on the second server. */
export async function replication(
  servers: Servers,
  models: string,
  sql: string,
  head = HEAD,
): Promise<Replication> {
  const prefix = `r${randomBytes(3).toString('hex')}`
  const primary = await createDatabaseOn({ url: servers.primary, prefix })
  const second = await createDatabaseOn({ url: servers.second, prefix })
  const project = await createPrismaProject({ schema: head + models, databaseUrl: primary.url, git: false })
  onTestFinished(async () => {
    for (const { subname } of await second.query<{ subname: string }>(
      'SELECT subname FROM pg_subscription WHERE subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())',
    )) {
      await second.query(`DROP SUBSCRIPTION "${subname}"`)
    }
    project.cleanup()
    await primary.query(
      'SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database = current_database() AND NOT active',
    )
    await primary.drop()
    await second.drop()
  })
  let migrations: Migrations = {}
  const audit = (...args: readonly string[]) => runAudit(project.dir, args, { DATABASE_URL: primary.url })
  // What `replicate` prints; the command itself is run by the tests of its document.
  const script = (side: 'publisher' | 'subscriber', renames = false) => {
    const files = Object.entries(migrations).map(([migration, text]) => ({ migration, text }))
    const setup = {
      state: foldParts(files).state,
      formerHomes: formerHomes(files),
      publication: NAME,
      lockTimeout: 5000,
    }
    return side === 'publisher'
      ? renderPublication({ ...setup, role: ROLE })
      : renderReplica({ ...setup, former: formerNames(files), orders: columnOrders(files), renames })
  }
  const made: Replication = {
    project,
    primary,
    second,
    audit,
    script,
    async setUp(side, renames) {
      await (side === 'publisher' ? primary : second).query(script(side, renames))
    },
    async migrate(text, statements, top = head) {
      await project.write('prisma/schema.prisma', top + text)
      const name = `2024010100000${Object.keys(migrations).length}_next`
      const folder = { ...migrations, [name]: statements }
      const isDraft = statements !== ''
      const compilation = await compileProject(
        top + text,
        isDraft ? folder : migrations,
        isDraft ? { draft: name } : {},
      )
      const file = isDraft ? compilation.migration?.file : compilation.migration?.sql
      if (file === undefined) throw new Error(`no audit part:\n${compilation.text}`)
      migrations = { ...migrations, [name]: file }
      await project.write(`prisma/migrations/${name}/migration.sql`, file)
      return file
    },
    async subscribe(options = '') {
      const { hostname, port } = new URL(servers.primary)
      const connection = `host=${hostname} port=${port} user=${ROLE} password=x dbname=${primary.name}`
      await second.query(
        `CREATE SUBSCRIPTION ${NAME} CONNECTION '${connection}' PUBLICATION ${NAME} WITH (slot_name = '${primary.name}'${options})`,
      )
    },
    async copied() {
      const left = () =>
        second.query("SELECT srrelid::regclass FROM pg_subscription_rel WHERE srsubstate <> 'r'")
      await expect.poll(left, { timeout: 60_000 }).toEqual([])
    },
    async expectSame(table) {
      const all = `SELECT to_jsonb(t) AS row FROM ${table} AS t ORDER BY 1`
      const expected = await primary.query(all)
      await expect.poll(() => second.query(all), { timeout: 60_000 }).toEqual(expected)
    },
    async stalled() {
      const refused = async () => {
        const [row] = await second.query<{ n: string }>(
          'SELECT apply_error_count AS n FROM pg_stat_subscription_stats AS s JOIN pg_subscription AS u ON u.oid = s.subid WHERE subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())',
        )
        return Number(row?.n ?? 0)
      }
      const before = await refused()
      await expect.poll(refused, { timeout: 60_000 }).toBeGreaterThan(before)
    },
  }
  await primary.query(await made.migrate(models, sql))
  return made
}

/** Publication, tables and subscription, as the documents have them. */
export async function running(made: Replication): Promise<Replication> {
  await made.setUp('publisher')
  await made.setUp('subscriber')
  await made.subscribe()
  await made.copied()
  return made
}

/** A statement of the owner's, with the guard out of its way. */
export const unguarded = (table: string, statement: string) =>
  `ALTER TABLE ${table} DISABLE TRIGGER append_only; ${statement}; ALTER TABLE ${table} ENABLE ALWAYS TRIGGER append_only`
