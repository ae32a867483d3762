import type { AuditedTable, AuditModel } from './model/audit-model.ts'
import type { ReadableHistory, ReaderRights } from './sql/reader-rights.ts'

export interface ReaderFlags {
  readonly role: string
  /** The Prisma field by which rows belong to a tenant. */
  readonly tenant?: string
  readonly setting?: string
}

/**
 * Which histories a role may read, and of which rows.
 *
 * @throws ReaderRightsError for a field or setting that cannot keep tenants apart
 */
export function readerRights(model: AuditModel, { role, tenant, setting }: ReaderFlags): ReaderRights {
  const { auditSchema } = model
  const rights = { role, auditSchema }
  if (tenant === undefined) {
    if (setting !== undefined)
      throw new ReaderRightsError('--setting says whose rows may be read; it goes with --tenant <field>.')
    const histories = model.tables.map((table) => ({
      audit: auditOf(table, auditSchema),
      tenant: 'all' as const,
    }))
    return { ...rights, setting: '', histories }
  }
  const histories = model.tables.map((table): ReadableHistory => {
    const column = table.columns.find(({ field }) => field === tenant)
    if (column !== undefined && column.policy !== 'record') {
      throw new ReaderRightsError(
        `"${table.model}.${tenant}" is not recorded as it is (${column.policy}), so that it cannot tell tenants apart.`,
      )
    }
    return {
      audit: auditOf(table, auditSchema),
      tenant: column && { name: column.name, type: column.type },
    }
  })
  const found = histories.find((history) => history.tenant !== undefined)?.tenant
  if (found === undefined || found === 'all') {
    throw new ReaderRightsError(`No audited model records a field "${tenant}".`)
  }
  const name = setting ?? found.name
  if (!/^[A-Za-z][A-Za-z0-9_]*$/.test(name)) {
    throw new ReaderRightsError(
      `"${name}" cannot be a setting: letters, digits and _ only. Name one with --setting.`,
    )
  }
  return { ...rights, setting: name, histories }
}

function auditOf({ names }: AuditedTable, schema: string) {
  return { schema, name: names.table }
}

/** Says what cannot be granted, in words for whoever asked. */
export class ReaderRightsError extends Error {}
