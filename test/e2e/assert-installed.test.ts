import { expect, test, vi } from 'vitest'
import { install, openClient, useProject } from './main-path/audited-project.ts'

vi.setConfig({ testTimeout: 240_000 })

const schema = `generator client {
  provider = "prisma-client"
  output   = "../generated/client"
}

generator audit {
  provider        = "prisma-generator-audit"
  output          = "../generated/audit"
  sessionSettings = ["username String?"]
}

datasource db {
  provider = "postgresql"
}

/// @audit(enabled)
model Order {
  id   Int   @id @default(autoincrement())
  tags Tag[]
  @@map("My Orders")
}

/// @audit(enabled, level: row, enableAlways: true)
model Tag {
  name   String  @id
  orders Order[]
}
`

interface Installation {
  assertAuditInstalled(prisma: unknown): Promise<void>
}

test('assertAuditInstalled passes where all triggers fire, and names each that is missing or disabled', async () => {
  const audited = await useProject({ schema })
  await install(audited)
  const { database, project } = audited
  const { assertAuditInstalled } = await project.importModule<Installation>('generated/audit/installation.ts')
  const prisma = await openClient<'order'>(audited)
  await assertAuditInstalled(prisma)
  const problems = async () =>
    await assertAuditInstalled(prisma).then(
      () => [],
      (error: Error & { code: string }) => [error.code, ...error.message.split('\n')],
    )
  await database.query(`ALTER TABLE "My Orders" DISABLE TRIGGER audit_update; DROP TRIGGER audit_key ON "_OrderToTag";
    ALTER TABLE "Tag" ENABLE TRIGGER audit_delete; ALTER TABLE audit."My Orders_audit" DISABLE TRIGGER append_only`)
  expect(await problems()).toEqual([
    'NOT_INSTALLED',
    'The audit of Order, Tag, _OrderToTag is not as it should be in this database:',
    '  trigger append_only on audit."My Orders_audit" is disabled',
    '  trigger audit_update on public."My Orders" is disabled',
    '  trigger audit_delete on public."Tag" does not fire in every session',
    '  trigger audit_key on public."_OrderToTag" is not there',
  ])
  await database.query('DROP SCHEMA audit CASCADE')
  expect(await problems()).toHaveLength(2 + 3 * 6)
})
