/** Where objects live that are declared without a schema. */
const DEFAULT_SCHEMA = 'public'

/**
 * The application's own objects live in the audit schema too: `AuditModel.sharedSchema`. `public` is nobody's alone, even
 * where the datasource does not name it.
 *
 * @param datasourceSchemas the datasource's `schemas`; empty where it names none
 */
export function isSharedSchema(auditSchema: string, datasourceSchemas: readonly string[]): boolean {
  return auditSchema === DEFAULT_SCHEMA || datasourceSchemas.includes(auditSchema)
}

/** Prisma Migrate compares the schema with schema.prisma, and drops what it does not find there. */
export function isManagedSchema(schema: string, datasourceSchemas: readonly string[]): boolean {
  return datasourceSchemas.length === 0 ? schema === DEFAULT_SCHEMA : datasourceSchemas.includes(schema)
}
