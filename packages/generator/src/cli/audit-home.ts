import { type AuditHome, homeOf } from '../state/database-state.ts'
import type { ProjectFlags } from './find-schema.ts'
import { auditSchemaOf, readFoldedProject } from './folded-project.ts'

/**
 * The audit schema, as the migrations have it.
 *
 * @throws ProjectNotFoundError where they have none
 */
export async function readAuditHome(flags: ProjectFlags, cwd: string): Promise<AuditHome> {
  return homeOf(auditSchemaOf(await readFoldedProject(flags, cwd)))
}
