import { type AuditHome, homeOf } from '../state/database-state.ts'
import { foldParts } from '../state/fold-parts.ts'
import type { ProjectFlags } from './find-schema.ts'
import { ProjectNotFoundError } from './project-not-found-error.ts'
import { readProjectAndFolder } from './read-project.ts'

/**
 * The audit schema, as the migrations have it.
 *
 * @throws ProjectNotFoundError where they have none
 */
export async function readAuditHome(flags: ProjectFlags, cwd: string): Promise<AuditHome> {
  const read = await readProjectAndFolder(flags, cwd)
  if (!read.ok)
    throw new ProjectNotFoundError('Prisma does not accept the schema; npx prisma validate says why.')
  const folder = await read.folder
  const parts = folder?.files.map(({ name, text }) => ({ migration: name, text })) ?? []
  const schema = folder && foldParts(parts, folder.database.interferences).state.schema
  if (schema === undefined) {
    throw new ProjectNotFoundError('No migration installs the audit: run npx prisma generate, then migrate.')
  }
  return homeOf(schema)
}
