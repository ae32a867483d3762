import { PrismaPg } from '@prisma/adapter-pg'
import type { AuditContextExtension, SettingDefinition } from 'prisma-extension-audit'
import { auditAdapter } from 'prisma-extension-audit/adapter-pg'
import { afterAll, expect } from 'vitest'
import {
  createPrismaProject,
  type MigrationDirectory,
  type PrismaProject,
  type PrismaProjectOptions,
} from '../../support/prisma-project.ts'
import { createDatabase, type Template, type TestDatabase } from '../../support/test-database.ts'
import { testedLayer } from '../../support/tested-layer.ts'
import { throughPgBouncer } from '../../support/through-pgbouncer.ts'
import type { Client } from './client.ts'

export interface AuditedProject {
  readonly database: TestDatabase
  readonly project: PrismaProject
}

/** What the generated typed module exports. Its real types are tested where it is rendered. */
export interface AuditModule {
  auditContext(context: object | (() => object | undefined)): AuditContextExtension
  readonly auditSettings: readonly SettingDefinition[]
}

type Options = Omit<PrismaProjectOptions, 'databaseUrl'> & { readonly template?: Template }

/** A project and a database, empty or from a template, which go after the last test of the file. */
export async function useProject({ template, ...options }: Options): Promise<AuditedProject> {
  const database = await createDatabase({ template })
  const project = await createPrismaProject({ ...options, databaseUrl: database.url })
  afterAll(async () => {
    project.cleanup()
    await database.drop()
  })
  return { database, project }
}

/** The whole path, as the quick start says it: tables, the audit's migration and typed module, triggers. */
export async function install({ project }: AuditedProject): Promise<MigrationDirectory> {
  await project.prisma(['migrate', 'dev', '--name', 'init'])
  const migration = await generateMigration(project)
  await project.prisma(['migrate', 'dev'])
  return migration
}

/** Runs `prisma generate`, which must write exactly one migration, and gives that. */
export async function generateMigration(project: PrismaProject): Promise<MigrationDirectory> {
  const before = await project.migrationFiles()
  const { stdout } = await project.prisma(['generate'])
  const written = (await project.migrationFiles()).filter(
    ({ name }) => !before.some((each) => each.name === name),
  )
  const [migration] = written
  if (migration === undefined) throw new Error(`generate wrote no migration:\n${stdout}`)
  expect(written).toHaveLength(1)
  return migration
}

/** The project's own generated client on its database, in the layer that this run tests. */
export async function openClient<Models extends string>(
  { database, project }: AuditedProject,
  { path = 'generated/client/client.ts', max = 4 } = {},
): Promise<Client<Models>> {
  const module = await project.importModule<{ PrismaClient: new (options: object) => Client<Models> }>(path)
  const connectionString = testedLayer === 'pgbouncer' ? throughPgBouncer(database.url) : database.url
  const adapter = new PrismaPg({ connectionString, max })
  const client = new module.PrismaClient({
    adapter: testedLayer === 'extension' ? adapter : auditAdapter(adapter),
  })
  afterAll(() => client.$disconnect())
  return client
}

export async function importAudit({ project }: AuditedProject): Promise<AuditModule> {
  return await project.importModule<AuditModule>('generated/audit/index.ts')
}
