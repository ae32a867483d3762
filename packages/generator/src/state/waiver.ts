import { type QualifiedName, WAIVER_TABLE } from '../model/names.ts'
import type { AuditHome, AuditSchemaObject, AuditTableObject } from './database-state.ts'
import type { MigrationStep } from './migration-step.ts'

type Waiver = Pick<AuditSchemaObject, 'waiverRole' | 'waiverRetired'>

/** The table that tells of every waiver. */
export function waiverTable({ schema, shared }: AuditHome): QualifiedName {
  return { schema, name: shared ? WAIVER_TABLE.shared : WAIVER_TABLE.own }
}

/** What goes along when the audit schema gets another name. */
export function waiverOf(schema: AuditSchemaObject | undefined): Waiver {
  return {
    ...(schema?.waiverRole === undefined ? {} : { waiverRole: schema.waiverRole }),
    ...(schema?.waiverRetired ? { waiverRetired: true } : {}),
  }
}

/** @param role undefined: nobody may waive capture any more */
export function withWaiver(schema: AuditSchemaObject, role: string | undefined): AuditSchemaObject {
  const { waiverRole, waiverRetired, ...rest } = schema
  if (role !== undefined) return { ...rest, waiverRole: role }
  return waiverRole === undefined && !waiverRetired ? rest : { ...rest, waiverRetired: true }
}

/**
 * The step that comes before those of the tables: another role, or the first one; or the same again in another audit
 * schema.
 */
export function waiverSteps(
  from: AuditSchemaObject | undefined,
  to: AuditSchemaObject,
): readonly MigrationStep[] {
  const isMoved = from !== undefined && from.name !== to.name && hasWaiverTable(from)
  const role = to.waiverRole ?? from?.waiverRole
  return isMoved || role !== from?.waiverRole ? [changeWaiver(to, role)] : []
}

/** The step that comes after those of the tables: nobody may waive capture any more. */
export function noWaiverSteps(
  from: AuditSchemaObject | undefined,
  to: AuditSchemaObject,
): readonly MigrationStep[] {
  return from?.waiverRole === undefined || to.waiverRole !== undefined ? [] : [changeWaiver(to, undefined)]
}

/** `role` undefined: nobody may waive capture any more. */
export function changeWaiver(
  { name, shared }: AuditSchemaObject,
  role: string | undefined,
): Extract<MigrationStep, { kind: 'changeWaiver' }> {
  return {
    kind: 'changeWaiver',
    schema: name,
    ...(shared ? { shared } : {}),
    ...(role === undefined ? {} : { role }),
  }
}

/** Capture can be waived, or could once. */
export function hasWaiverTable({ waiverRole, waiverRetired }: Waiver): boolean {
  return waiverRole !== undefined || waiverRetired === true
}

/** While a table that has to wait leaves out what is waived, the functions that it calls stay. */
export function keepWaiver(
  schema: AuditSchemaObject | undefined,
  recorded: AuditSchemaObject | undefined,
  tables: readonly AuditTableObject[],
): AuditSchemaObject | undefined {
  const role = recorded?.waiverRole
  if (schema === undefined || schema.waiverRole !== undefined || role === undefined) return schema
  return tables.some(({ waivable }) => waivable) ? { ...schema, waiverRole: role } : schema
}
