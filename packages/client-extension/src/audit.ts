import type { FastPath } from './fast-path.ts'
import type { PrismaClientParts, PrismaPromise } from './prisma-client.ts'
import type { AuditSettings } from './settings.ts'
import type { SettingsSource } from './settings-source.ts'
import { settingsStatement } from './settings-statement.ts'

/** What the parts of one audited client share. */
export interface Audit {
  readonly settings: SettingsSource
  /** Which raw calls outside a transaction get the context. */
  readonly raw: 'all' | 'execute'
  /** The client below all extensions: none of them sees the statements that the audit adds. */
  readonly root: PrismaClientParts
  /** Offered by a driver adapter that `auditAdapter` made. */
  readonly fastPath: FastPath | undefined
}

/** The settings statement as a call that has not run yet. */
export function settingsCall(root: PrismaClientParts, settings: AuditSettings): PrismaPromise {
  const { text, values } = settingsStatement(settings)
  return root.$executeRawUnsafe(text, ...values)
}

const reads: ReadonlySet<unknown> = new Set([
  'findUnique',
  'findUniqueOrThrow',
  'findFirst',
  'findFirstOrThrow',
  'findMany',
  'count',
  'aggregate',
  'groupBy',
])

/** Whether a model operation only reads. One that is not known here may write. */
export function isRead(operation: string | undefined): boolean {
  return reads.has(operation)
}
