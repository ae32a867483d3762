import { compile } from '../compile.ts'
import { type Diagnostic, hasErrors, renderDiagnostics } from '../diagnostics.ts'
import { externalTables, recordedSteps } from '../external-tables.ts'
import { settleExternalTables } from '../external-tables-file.ts'
import type { FoundFolder } from '../migration/find-migrations-folder.ts'
import { foldCondensed } from '../migration/fold-migrations.ts'
import { MigrationsFolderError } from '../migration/migrations-folder-error.ts'
import { isJoinTable } from '../model/audit-model.ts'
import type { SourceFile } from '../model/place.ts'
import { renderCheckJson } from './check-json.ts'
import { checkProject, stricter } from './check-project.ts'
import type { ProjectFlags } from './find-schema.ts'
import { readProjectAndFolder } from './read-project.ts'

export interface CheckFlags extends ProjectFlags {
  readonly json?: boolean | undefined
}

/** What a check found. */
export interface CheckResult {
  readonly diagnostics: readonly Diagnostic[]
  /** The texts that the places are in. */
  readonly files: readonly SourceFile[]
  readonly models: number
  readonly migrations: number
}

/**
 * Says on stdout where schema, migrations and audit parts disagree. Writes nothing but the parse cache.
 *
 * @returns the exit code: 0 where all agree, else 1
 * @throws ProjectNotFoundError where there is nothing to look at
 */
export async function check(flags: CheckFlags, cwd: string): Promise<number> {
  const result = await findDisagreements(flags, cwd)
  console.log(flags.json ? renderCheckJson(result) : renderCheck(result))
  return hasErrors(result.diagnostics) ? 1 : 0
}

async function findDisagreements(flags: ProjectFlags, cwd: string): Promise<CheckResult> {
  const read = await readProjectAndFolder(flags, cwd)
  if (!read.ok) return { diagnostics: read.diagnostics, files: read.schemaFiles, models: 0, migrations: 0 }
  const { project } = read
  const { schemaFiles: files, input } = project
  try {
    const folder = (await read.folder) ?? NO_FOLDER
    const compilation = compile({ ...input, folder })
    const steps = [...recordedSteps(folder.files), ...(compilation.migration?.plan.steps ?? [])]
    const external = await settleExternalTables(externalTables(steps, input.datasourceSchemas), {
      dir: project.found.dir,
      write: 'never',
      cwd,
      configFile: flags.config,
    })
    return {
      diagnostics: [
        ...diagnoseFound(project.found),
        ...checkProject(project, folder, compilation),
        ...external.diagnostics.map(stricter),
      ],
      files: [...files, ...folder.files],
      models: compilation.model.tables.filter((table) => !isJoinTable(table)).length,
      migrations: folder.files.length,
    }
  } catch (error) {
    if (!(error instanceof MigrationsFolderError)) throw error
    const diagnostics = [...project.diagnostics, cannotRead(error.message, 'error')]
    return { diagnostics, files, models: 0, migrations: 0 }
  }
}

/** A project without a folder is one whose folder is empty: then no migration creates what is audited. */
const NO_FOLDER = { files: [], database: foldCondensed([]) }

/** A folder that is named and not there is a mistake; one that is not there yet is none. */
function diagnoseFound({ how, problem }: FoundFolder): readonly Diagnostic[] {
  return problem === undefined ? [] : [cannotRead(problem, how === 'option' ? 'error' : 'info')]
}

function cannotRead(problem: string, severity: 'error' | 'info'): Diagnostic {
  const [message = '', ...next] = problem.split('\n')
  return { code: 'AUD704', severity, message, hint: next.map((line) => line.trim()).join('\n') }
}

/**
 * For people: the reasons, or one line.
 *
 *     audit: 12 audited models and 40 migrations agree.
 */
function renderCheck({ diagnostics, files, models, migrations }: CheckResult): string {
  if (hasErrors(diagnostics)) return renderDiagnostics(diagnostics.filter(isReason), files).trimEnd()
  if (models === 0) return 'audit: no model is audited, and nothing is left of an audit.'
  return `audit: ${count(models, 'audited model')} and ${count(migrations, 'migration')} agree.`
}

/** Warnings were said by `prisma generate`; AUD608 and AUD704 may be the reason why something is not seen. */
function isReason({ code, severity }: Diagnostic): boolean {
  return severity === 'error' || code === 'AUD608' || code === 'AUD704'
}

function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`
}
