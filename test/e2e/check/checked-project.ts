import { afterAll, expect } from 'vitest'
import { type AuditResult, runAudit } from '../../support/audit-command.ts'
import { createPrismaProject, type PrismaProject } from '../../support/prisma-project.ts'
import { createDatabase } from '../../support/test-database.ts'
import { install, useProject } from '../main-path/audited-project.ts'

/** A schema with the audit's generator; the models follow. */
export const schemaOf = (models: string): string => `datasource db {
  provider = "postgresql"
}

generator audit {
  provider        = "prisma-generator-audit"
  output          = "../generated/audit"
  sessionSettings = ["username String"]
}

${models}`

export const ORDER = `/// @audit(enabled)
model Order {
  id   Int     @id
  note String?
}
`

/** Directory names to SQL, made by `migrate dev` and `generate` for a schema that audits the model `Order`. */
export async function makeFolder(): Promise<Readonly<Record<string, string>>> {
  const made = await useProject({ schema: schemaOf(ORDER) })
  await install(made)
  return sqlOf(made.project)
}

export async function sqlOf(project: PrismaProject): Promise<Readonly<Record<string, string>>> {
  return Object.fromEntries((await project.migrationFiles()).map(({ name, sql }) => [name, sql]))
}

/** A project with that folder, and a database of its own where one is needed. It goes after the test file. */
export async function openProject(
  schema: string,
  migrations: Readonly<Record<string, string>>,
  { database = false }: { readonly database?: boolean } = {},
): Promise<PrismaProject> {
  const opened = database ? await createDatabase() : undefined
  const databaseUrl = opened?.url ?? 'postgresql://localhost:1/none'
  const project = await createPrismaProject({ schema, migrations, databaseUrl })
  afterAll(async () => {
    project.cleanup()
    await opened?.drop()
  })
  return project
}

/** What `check` says, without time stamps and hashes. */
export async function check(project: PrismaProject, ...flags: readonly string[]): Promise<AuditResult> {
  const { stdout, stderr, exitCode } = await runAudit(project.dir, ['check', ...flags])
  const known = (text: string) => text.replace(/\d{14}/g, '<time>').replace(/\b[0-9a-f]{16}\b/g, '<hash>')
  return { stdout: known(stdout), stderr: known(stderr), exitCode }
}

export const AGREE = {
  stdout: expect.stringMatching(/^audit: 1 audited model and \d+ migrations agree\.\n$/),
  stderr: '',
  exitCode: 0,
}
