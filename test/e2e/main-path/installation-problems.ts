import { type AuditedProject, openClient } from './audited-project.ts'

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
