import { compile } from '../compile.ts'
import { hasErrors } from '../diagnostics.ts'
import type { RecordedHistories } from '../history-models.ts'
import type { AuditModel } from '../model/audit-model.ts'
import { type AuditHome, homeOf } from '../state/database-state.ts'
import type { ProjectFlags } from './find-schema.ts'
import { auditSchemaOf, readFoldedProject } from './folded-project.ts'
import { ProjectNotFoundError } from './project-not-found-error.ts'

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
  const read = await readFoldedProject(flags, cwd)
  const { project, folder, folded } = read
  const { model, diagnostics } = compile({ ...project.input, folder })
  if (hasErrors(diagnostics)) {
    throw new ProjectNotFoundError('The schema has errors; npx prisma-generator-audit check says which.')
  }
  return { home: homeOf(auditSchemaOf(read)), model, recorded: folded }
}
