import { compile } from '../compile.ts'
import { hasErrors, renderDiagnostics } from '../diagnostics.ts'
import type { ProjectFlags } from './find-schema.ts'
import { readProject } from './read-project.ts'

export interface CheckFlags extends ProjectFlags {
  readonly json?: boolean | undefined
}

/**
 * Says on stdout where schema, migrations and audit parts disagree. Writes nothing.
 *
 * @returns the exit code
 * @throws ProjectNotFoundError where there is nothing to look at
 */
export async function check(flags: CheckFlags, cwd: string): Promise<number> {
  const read = await readProject(flags, cwd)
  if (!read.ok) {
    console.log(renderDiagnostics(read.diagnostics, read.schemaFiles))
    return 1
  }
  const { project } = read
  const folder = await project.readFolder()
  const { diagnostics } = compile({ ...project.input, folder })
  console.log(renderDiagnostics(diagnostics, [...project.schemaFiles, ...(folder?.files ?? [])]))
  return hasErrors(diagnostics) ? 1 : 0
}
