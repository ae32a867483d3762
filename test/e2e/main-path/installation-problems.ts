import { type AuditedProject, openClient } from './audited-project.ts'

/** Of a schema whose client can be asked; the models follow. */
export const HEAD = `generator client {
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

`

interface Installation {
  assertAuditInstalled(prisma: unknown): Promise<void>
}

/** What `assertAuditInstalled` tells the application's client: nothing, or the code and the lines of the error. */
export async function asking(audited: AuditedProject): Promise<() => Promise<readonly string[]>> {
  const { assertAuditInstalled } = await audited.project.importModule<Installation>(
    'generated/audit/installation.ts',
  )
  const prisma = await openClient<never>(audited)
  return () =>
    assertAuditInstalled(prisma).then(
      () => [],
      (error: Error & { code: string }) => [error.code, ...error.message.split('\n')],
    )
}
