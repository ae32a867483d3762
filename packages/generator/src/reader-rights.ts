import { closestWord } from './annotation/closest-word.ts'
import { type AuditedColumn, type AuditedTable, type AuditModel, isJoinTable } from './model/audit-model.ts'
import { roleNameProblem } from './role-name.ts'
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
  assertRole(role)
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
    // A column of a join table is named by the relation that it belongs to, and by no field.
    const column = isJoinTable(table) ? undefined : table.columns.find(({ field }) => field === tenant)
    const problem = column && unfit(column)
    if (problem !== undefined) {
      throw new ReaderRightsError(
        `"${table.model}.${tenant}" cannot tell tenants apart: ${problem}. Name another field with --tenant.`,
      )
    }
    return {
      audit: auditOf(table, auditSchema),
      tenant: column && { name: column.name, type: column.type },
    }
  })
  const found = histories.find((history) => history.tenant !== undefined)?.tenant
  if (found === undefined || found === 'all') {
    const fields = model.tables.flatMap((table) =>
      isJoinTable(table) ? [] : table.columns.map(({ field }) => field),
    )
    const closest = closestWord(tenant, [...new Set(fields)])
    const hint =
      closest === undefined ? 'Name a field of the schema, not its column.' : `Did you mean "${closest}"?`
    throw new ReaderRightsError(`No audited model records a field "${tenant}". ${hint}`)
  }
  const name = setting ?? found.name
  if (!/^[A-Za-z][A-Za-z0-9_]*$/.test(name)) {
    throw new ReaderRightsError(
      `"${name}" cannot be a setting: letters, digits and _ only. Name one with --setting.`,
    )
  }
  return { ...rights, setting: name, histories }
}

function assertRole(role: string): void {
  const problem = roleNameProblem(role)
  if (problem === undefined) return
  throw new ReaderRightsError(`--role "${role}": ${problem}. Name the role that reads, one that exists.`)
}

/** Why a column does not say of each version whose it is. */
function unfit({ policy, type, whenChanged }: AuditedColumn): string | undefined {
  if (policy !== 'record') return `it is not recorded as it is (${policy})`
  if (whenChanged) return 'it is recorded only when it changes'
  if (type.list) return 'it is a list'
  return type.name === 'json' || type.name === 'xml'
    ? `values of type ${type.name} cannot be compared`
    : undefined
}

function auditOf({ names }: AuditedTable, schema: string) {
  return { schema, name: names.table }
}

/** Says what cannot be granted, in words for whoever asked. */
export class ReaderRightsError extends Error {}
