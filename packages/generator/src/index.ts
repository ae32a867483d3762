/**
 * The compiler as a library, for those who run migrations of their own: `compile` gives the SQL as data.
 * `prisma generate` needs none of this.
 */
export {
  type Compilation,
  type CompileFolder,
  type CompileInput,
  compile,
  type NextMigration,
} from './compile.ts'
export { type AuditOptions, OPTIONS, parseOptions } from './config.ts'
export { DEFAULT_TEMPLATES } from './datamodel/name-template.ts'
export { type Diagnostic, type DiagnosticCode, renderDiagnostics } from './diagnostics.ts'
export { foldMigrations } from './migration/fold-migrations.ts'
export { readMigrationsFolder } from './migration/read-migrations-folder.ts'
export type {
  AuditedColumn,
  AuditedTable,
  AuditModel,
  AuditNames,
  SessionSetting,
} from './model/audit-model.ts'
export type { SourceDatabase } from './model/source-database.ts'
export type { MigrationPlan } from './state/migration-plan.ts'
