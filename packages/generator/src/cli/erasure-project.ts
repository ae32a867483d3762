import { compile } from '../compile.ts'
import { hasErrors } from '../diagnostics.ts'
import type { RecordedHistories } from '../history-models.ts'
import type { AuditModel } from '../model/audit-model.ts'
import { type AuditHome, homeOf } from '../state/database-state.ts'
import { foldParts } from '../state/fold-parts.ts'
import type { ProjectFlags } from './find-schema.ts'
import { ProjectNotFoundError } from './project-not-found-error.ts'
import { readProjectAndFolder } from './read-project.ts'

export interface ErasureProject {
  readonly home: AuditHome
  readonly model: AuditModel
  readonly recorded: RecordedHistories
}

/**
 * What the schema calls the histories, and what the migrations made of them.
 *
 * @throws ProjectNotFoundError where there is no project, one with errors, or no audit in its migrations
 */
export async function readErasureProject(flags: ProjectFlags, cwd: string): Promise<ErasureProject> {
  const read = await readProjectAndFolder(flags, cwd)
  if (!read.ok)
    throw new ProjectNotFoundError('Prisma does not accept the schema; npx prisma validate says why.')
  const folder = await read.folder
  const { model, diagnostics } = compile({ ...read.project.input, folder })
  if (hasErrors(diagnostics)) {
    throw new ProjectNotFoundError('The schema has errors; npx prisma-generator-audit check says which.')
  }
  const parts = folder?.files.map(({ name, text }) => ({ migration: name, text })) ?? []
  const recorded = foldParts(parts, folder?.database.interferences)
  const { schema } = recorded.state
  if (schema === undefined) {
    throw new ProjectNotFoundError('No migration installs the audit: run npx prisma generate, then migrate.')
  }
  return { home: homeOf(schema), model, recorded }
}
