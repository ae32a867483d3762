import type * as DMMF from '@prisma/dmmf'
import { scanSchema } from './annotation/scan-schema.ts'
import { isManagedSchema } from './datamodel/audit-schema.ts'
import { sourceOf } from './datamodel/source-table.ts'
import type { Diagnostic } from './diagnostics.ts'
import type { MigrationFile } from './migration/migration-file.ts'
import { type AuditModel, isJoinTable } from './model/audit-model.ts'
import { ERASURE_TABLES, nameKey, SEAL_TABLES } from './model/names.ts'
import type { SourceFile } from './model/place.ts'
import { auditTableNames } from './state/audit-table-names.ts'
import type { MigrationStep } from './state/migration-step.ts'
import { parseHeaders } from './state/part-header.ts'

/** The steps of all audit parts of the folder, in its order. */
export function recordedSteps(files: readonly MigrationFile[]): readonly MigrationStep[] {
  return files
    .filter(({ text }) => text.includes('-- prisma-generator-audit '))
    .flatMap(({ text }) => parseHeaders(text).parts.flatMap(({ steps }) => steps))
}

/**
 * The audit tables that Prisma Migrate would drop, unless prisma.config.ts lists them as `tables.external`: those in
 * schemas that it manages, retired ones and former names too. As Prisma wants them, `public.Order_audit`; sorted.
 */
export function externalTables(
  steps: readonly MigrationStep[],
  datasourceSchemas: readonly string[],
): readonly string[] {
  return auditTableNames(steps)
    .filter(({ schema }) => isManagedSchema(schema, datasourceSchemas))
    .map(({ schema, name }) => `${schema}.${name}`)
}

/**
 * Names of audit tables that a model has already. A model of an audit table itself, which `prisma db pull` brings in,
 * is only mentioned.
 *
 * @param steps those that the folder records
 */
export function diagnoseSharedNames(
  { auditSchema, sharedSchema, tables }: AuditModel,
  { datamodel }: Pick<DMMF.Document, 'datamodel'>,
  schemaFiles: readonly SourceFile[],
  steps: readonly MigrationStep[],
): readonly Diagnostic[] {
  if (!sharedSchema) return []
  const { blocks } = scanSchema(schemaFiles)
  const wanted = new Map(
    tables.map((table) => [nameKey({ schema: auditSchema, name: table.names.table }), table]),
  )
  const known = new Set(auditTableNames(steps).map(nameKey))
  return datamodel.models.flatMap((model): readonly Diagnostic[] => {
    const table = sourceOf(model)
    const key = nameKey(table)
    const owner = wanted.get(key)
    const place = blocks.find(({ kind, name }) => kind === 'model' && name === model.name)?.place
    const at = { model: model.name, ...(place === undefined ? {} : { place }) }
    if (known.has(key)) {
      return [
        {
          code: 'AUD803',
          severity: 'info',
          message: `The model "${model.name}" is an audit table.`,
          ...at,
          hint: 'prisma db pull brings audit tables of this schema in. Keep the model to read the history with Prisma Client, or remove it: Prisma Migrate leaves the table alone as long as prisma.config.ts lists it.',
        },
      ]
    }
    if (owner === undefined) return []
    return [
      {
        code: 'AUD802',
        severity: 'error',
        message: `The audit table of "${owner.model}" would have the name of the model "${model.name}": "${auditSchema}"."${table.name}".`,
        ...at,
        hint: isJoinTable(owner)
          ? 'Give the audit tables another name, in the generator block: table = "…_{table}"'
          : `Give it another name, above the model "${owner.model}": @audit(enabled, table: "…")`,
      },
    ]
  })
}

/** The module that prisma.config.ts imports: one entry a line, so that two branches merge. */
export function renderExternalTables(names: readonly string[]): string {
  return [
    '// Written by prisma-generator-audit, to be committed: the audit tables that Prisma Migrate must leave alone.',
    '// prisma.config.ts imports it. After a merge keep the lines of both sides.',
    'export const auditTables: string[] = [',
    ...names.map((name) => `  ${JSON.stringify(name)},`),
    ']',
    '',
  ].join('\n')
}

/** What `prisma generate` says where prisma.config.ts does not list the tables. */
export function diagnoseExternalTables(
  missing: readonly string[],
  config: { readonly path: string; readonly importPath: string | undefined },
): readonly Diagnostic[] {
  // The tables of seals and erasures are there once somebody makes them: they are listed with the histories, and missed by themselves never.
  const histories = missing.filter((name) => !isSealTable(name))
  if (histories.length === 0) return []
  const { importPath } = config
  const list = importPath === undefined ? `[${missing.map((name) => `'${name}'`).join(', ')}]` : 'auditTables'
  const lines = [
    ...(importPath === undefined ? [] : [`import { auditTables } from '${importPath}'`]),
    'experimental: { externalTables: true },',
    `tables: { external: ${list} },`,
  ]
  return [
    {
      code: 'AUD801',
      severity: 'warning',
      message: `${config.path} does not list ${histories.length === 1 ? 'the audit table' : 'the audit tables'} ${histories.join(', ')} as external: the next prisma migrate dev would write and apply DROP TABLE, with the history, and every write would fail.`,
      hint: `Put into ${config.path}:\n${lines.join('\n')}`,
    },
  ]
}

/** Whether a table, `public.audit_seal`, is one of those that the command `seal` or the set-up of erasure makes. */
export function isSealTable(name: string): boolean {
  return Object.values({ ...SEAL_TABLES, ...ERASURE_TABLES }).some(
    ({ shared, own }) => name.endsWith(`.${shared}`) || name.endsWith(`.${own}`),
  )
}
