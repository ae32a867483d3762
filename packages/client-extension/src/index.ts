export { AuditContextError, type AuditErrorCode } from './errors.ts'
export {
  type AuditContextExtension,
  type AuditContextOptions,
  auditContext,
  defineAuditContext,
} from './extension.ts'
export {
  type AuditInstallation,
  defineInstallationCheck,
  type InstalledTable,
  type QueryingClient,
} from './installation.ts'
export type { PgClient, PgPool, PgPoolClient, PgResult } from './pg-client.ts'
export type { JsonValue, SettingType, SettingValue } from './setting-value.ts'
export type { AuditContext, AuditSettings, SettingDefinition } from './settings.ts'
export { type WithAuditContextOptions, withAuditContext } from './with-audit-context.ts'
