import { nameKey } from '../model/names.ts'
import type { AuditTableObject } from '../state/database-state.ts'
import type { ExpectedInstallation } from './installation.ts'
import { ProjectNotFoundError } from './project-not-found-error.ts'

/** `public.Order` */
export function tableName({ source }: Pick<AuditTableObject, 'source'>): string {
  return `${source.schema}.${source.name}`
}

/**
 * The audited tables that are meant.
 *
 * @param names models or tables with commas between them, `Order,billing.Invoice`; undefined: all
 * @throws ProjectNotFoundError where there is none of that name
 */
export function chooseTables(
  { state, models }: Pick<ExpectedInstallation, 'state' | 'models'>,
  names: string | undefined,
): readonly AuditTableObject[] {
  const all = state.tables.filter(({ capturing }) => capturing)
  if (names === undefined) return all
  const wanted = names.split(',').map((name) => name.trim())
  return wanted.map((name) => {
    const meant = all.filter(
      (table) =>
        models.get(nameKey(table.source)) === name || table.source.name === name || tableName(table) === name,
    )
    if (meant.length === 1 && meant[0] !== undefined) return meant[0]
    const known = all.map((table) => models.get(nameKey(table.source)) ?? tableName(table)).join(', ')
    throw new ProjectNotFoundError(
      meant.length === 0
        ? `No audited model or table is called "${name}". There are: ${known}`
        : `"${name}" is the name of several tables: ${meant.map(tableName).join(', ')}. Say which.`,
    )
  })
}
