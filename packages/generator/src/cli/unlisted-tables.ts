import { renderDiagnostics } from '../diagnostics.ts'
import { externalTables, recordedSteps } from '../external-tables.ts'
import { settleExternalTables } from '../external-tables-file.ts'
import type { Project } from '../project.ts'

/**
 * What to say before Prisma applies anything: audit tables of the folder that prisma.config.ts does not list, so
 * that Prisma would drop them. The list to import is written. Undefined where all are listed.
 *
 * @param configFile what `--config` names
 */
export async function describeUnlistedTables(
  { found, input, readFolder }: Project,
  cwd: string,
  configFile: string | undefined,
): Promise<string | undefined> {
  const folder = await readFolder()
  const names = externalTables(recordedSteps(folder?.files ?? []), input.datasourceSchemas)
  const { diagnostics } = await settleExternalTables(names, {
    dir: found.dir,
    write: 'always',
    cwd,
    configFile,
  })
  return diagnostics.length === 0 ? undefined : renderDiagnostics(diagnostics, [])
}
