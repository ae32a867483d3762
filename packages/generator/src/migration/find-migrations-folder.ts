import { statSync } from 'node:fs'
import { dirname, isAbsolute, join, relative, resolve } from 'node:path'
import { configuredPath } from './configured-path.ts'

export interface FindFolderInput {
  /** The schema file, or the folder of a schema of several files. */
  readonly schemaPath: string
  /** The generator's option `migrations`, relative to the schema file (or folder). */
  readonly option: string | undefined
  /** Where the Prisma command was started: the only place where it looks for its configuration. */
  readonly cwd: string
  /** What `--config` names, if anything; relative to `cwd`. */
  readonly configFile?: string | undefined
}

export interface FoundFolder {
  /** Absolute; undefined where there is no such folder. */
  readonly dir: string | undefined
  /** What named it. */
  readonly how: 'option' | 'config' | 'default'
  /** What a person should know: the folder is not there, or the configuration could not be read. */
  readonly problem?: string
}

const FIRST_MIGRATION = `The first migration creates it.
  Next: npx prisma migrate dev --name <name>, then npx prisma generate`

/** Finds the migrations folder: by the option, else by Prisma's configuration, else beside the schema. */
export async function findMigrationsFolder(input: FindFolderInput): Promise<FoundFolder> {
  const { schemaPath, option, cwd } = input
  const isFolder = statSync(schemaPath, { throwIfNoEntry: false })?.isDirectory() ?? false
  const root = resolve(cwd, isFolder ? schemaPath : dirname(schemaPath))
  if (option !== undefined) {
    const dir = isAbsolute(option) ? option : join(root, option)
    return existing(
      dir,
      'option',
      cwd,
      'Correct the generator\'s option "migrations": it is relative to the schema.',
    )
  }
  const config = await configuredPath('migrations', input)
  if (config.path !== undefined) {
    return existing(config.path, 'config', cwd, FIRST_MIGRATION)
  }
  const found = existing(join(root, 'migrations'), 'default', cwd, FIRST_MIGRATION)
  return config.problem === undefined ? found : { ...found, problem: config.problem }
}

function existing(dir: string, how: FoundFolder['how'], cwd: string, hint: string): FoundFolder {
  // A file in its place is named by the reader, with what to do.
  if (statSync(dir, { throwIfNoEntry: false })) return { dir, how }
  return {
    dir: undefined,
    how,
    problem: `There is no migrations folder at ${relative(cwd, dir) || dir}. ${hint}`,
  }
}
