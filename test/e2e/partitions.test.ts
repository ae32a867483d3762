import { beforeAll, describe, expect, test } from 'vitest'
import { runAudit } from '../support/audit-command.ts'
import {
  type AuditedProject,
  generateMigration,
  importAudit,
  install,
  openClient,
  useProject,
} from './main-path/audited-project.ts'

const schema = (options: string, order = '@audit(enabled)') => `generator client {
  provider = "prisma-client"
  output   = "../generated/client"
}

generator audit {
  provider        = "prisma-generator-audit"
  output          = "../generated/audit"
  sessionSettings = ["username String"]
  ${options}
}

datasource db {
  provider = "postgresql"
}

/// ${order}
model Order {
  id   Int    @id @default(autoincrement())
  note String
  tags Tag[]
}

/// @audit(enabled, partitionBy: none)
model Tag {
  name   String  @id
  orders Order[]
}
`

describe('a history in partitions, through Prisma', () => {
  let audited: AuditedProject

  const kinds = async () => {
    const rows = await audited.database.query<{ name: string; kind: string }>(
      `SELECT relname AS name, relkind AS kind FROM pg_class
       WHERE relnamespace = 'audit'::regnamespace AND relname LIKE '%audit' AND relkind IN ('r', 'p') ORDER BY 1`,
    )
    return Object.fromEntries(rows.map(({ name, kind }) => [name, kind]))
  }
  const write = async (note: string) => {
    const client = await openClient<'order'>(audited)
    const { auditContext } = await importAudit(audited)
    const db = client.$extends(auditContext({ username: 'ann' })) as typeof client
    await db.order.create({ data: { note } })
  }

  beforeAll(async () => {
    audited = await useProject({ schema: schema('') })
    await install(audited)
    await write('before')
  })

  test('one line in the schema is one migration; after it migrate proposes nothing, and a reset replays', async () => {
    const { project, database } = audited
    await project.write('prisma/schema.prisma', schema('partitionBy = "month"'))
    const migration = await generateMigration(project)
    expect(migration.name).toMatch(/_audit_2_tables$/)
    await project.prisma(['migrate', 'deploy'])
    // The join table is partitioned because one of its models is.
    expect(await kinds()).toEqual({ Order_audit: 'p', Tag_audit: 'r', _OrderToTag_audit: 'p' })
    await write('after')
    expect(
      await database.query('SELECT note, audit_username AS by FROM audit."Order_audit" ORDER BY audit_id'),
    ).toEqual([
      { note: 'before', by: 'ann' },
      { note: 'after', by: 'ann' },
    ])
    const before = await project.migrationFiles()
    const { stdout } = await project.prisma(['migrate', 'dev', '--name', 'nothing'])
    expect(stdout).toContain('Already in sync')
    await project.prisma(['generate'])
    expect(await project.migrationFiles()).toEqual(before)
    const status = await runAudit(project.dir, ['status'], { DATABASE_URL: database.url })
    expect(status.stdout).toContain('installed')
    await project.prisma(['migrate', 'reset', '--force'])
    expect(await kinds()).toEqual({ Order_audit: 'p', Tag_audit: 'r', _OrderToTag_audit: 'p' })
  }, 180_000)

  test('in a schema that Prisma manages partitions are refused, at the model', async () => {
    const { project } = audited
    await project.write(
      'prisma/schema.prisma',
      schema('schema = "public"', '@audit(enabled, partitionBy: year)'),
    )
    const failed = await project.prisma(['generate']).catch((error: Error) => error)
    expect(String(failed)).toMatch(/schema\.prisma:\d+:\d+ - error AUD519/)
  })
})
