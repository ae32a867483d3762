import type * as DMMF from '@prisma/dmmf'
import { declaredTables } from './datamodel/declared-tables.ts'
import type { AuditModel } from './model/audit-model.ts'
import { type ReaderFlags, readerRights } from './reader-rights.ts'
import { nameProblem, roleNameProblem } from './role-name.ts'
import type { RoleSetup } from './sql/role-setup.ts'

export interface RolesFlags extends Omit<ReaderFlags, 'role'> {
  readonly owner: string
  readonly application: string
  readonly reader: string
  /** The one database in which the script may run. */
  readonly database?: string
}

interface Project {
  readonly dmmf: Pick<DMMF.Document, 'datamodel'>
  readonly datasourceSchemas: readonly string[]
}

/**
 * What the three roles are called, and what belongs to the owner.
 *
 * @throws RoleSetupError for names that cannot be roles of their own
 * @throws ReaderRightsError for a tenant that the reader cannot be held to
 */
export function roleSetup(model: AuditModel, project: Project, flags: RolesFlags): RoleSetup {
  const { owner, application, reader, database, ...tenant } = flags
  assertNames(flags)
  const { auditSchema, sharedSchema } = model
  const declared = declaredTables(project.dmmf).map(({ schema }) => schema)
  const schemas = [...declared, ...project.datasourceSchemas, ...(sharedSchema ? [auditSchema] : [])]
  return {
    owner,
    application,
    reader,
    ...(database === undefined ? {} : { database }),
    home: { schema: auditSchema, ...(sharedSchema ? { shared: true } : {}) },
    schemas: schemas.length === 0 ? ['public'] : [...new Set(schemas)].sort(),
    readerRights: readerRights(model, { role: reader, ...tenant }),
  }
}

function assertNames(flags: RolesFlags): void {
  const named = (['owner', 'application', 'reader'] as const).map((flag) => [flag, flags[flag]] as const)
  for (const [index, [flag, role]] of named.entries()) {
    const problem = role.startsWith('pg_')
      ? "names that begin with pg_ are PostgreSQL's own"
      : roleNameProblem(role)
    if (problem !== undefined)
      throw new RoleSetupError(`--${flag} "${role}": ${problem}. Name a role, one that exists or a new one.`)
    const same = named.slice(0, index).find(([, other]) => other === role)
    if (same !== undefined) {
      throw new RoleSetupError(
        `--${same[0]} and --${flag} are both "${role}". Whoever owns the history can change it, so each needs a role of its own.`,
      )
    }
  }
  const { database } = flags
  const problem = database === undefined ? undefined : nameProblem(database, 'database')
  if (problem !== undefined)
    throw new RoleSetupError(`--database "${database}": ${problem}. Name the application's database.`)
}

/** Says what cannot be set up, in words for whoever asked. */
export class RoleSetupError extends Error {}
