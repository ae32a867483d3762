import type { MigrationsFolder } from '../migration/migration-file.ts'
import type { Project } from '../project.ts'
import type { AuditSchemaObject } from '../state/database-state.ts'
import { foldParts } from '../state/fold-parts.ts'
import type { ProjectFlags } from './find-schema.ts'
import { ProjectNotFoundError } from './project-not-found-error.ts'
import { readProjectAndFolder } from './read-project.ts'

export interface FoldedProject {
  readonly project: Project
  /** Undefined where there is none. */
  readonly folder: MigrationsFolder | undefined
  /** The audit that the headers of the migrations add up to. */
  readonly folded: ReturnType<typeof foldParts>
}

/**
 * Reads a project, and what its migrations have made of the audit.
 *
 * @throws ProjectNotFoundError where there is no project, or Prisma does not accept its schema
 */
export async function readFoldedProject(flags: ProjectFlags, cwd: string): Promise<FoldedProject> {
  const read = await readProjectAndFolder(flags, cwd)
  if (!read.ok)
    throw new ProjectNotFoundError('Prisma does not accept the schema; npx prisma validate says why.')
  const folder = await read.folder
  const parts = folder?.files.map(({ name, text }) => ({ migration: name, text })) ?? []
  return { project: read.project, folder, folded: foldParts(parts, folder?.database.interferences) }
}

/**
 * The audit schema of such a project.
 *
 * @throws ProjectNotFoundError where no migration makes one
 */
export function auditSchemaOf({ folded }: FoldedProject): AuditSchemaObject {
  const { schema } = folded.state
  if (schema !== undefined) return schema
  throw new ProjectNotFoundError('No migration installs the audit: run npx prisma generate, then migrate.')
}
