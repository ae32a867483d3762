import { readFileSync } from 'node:fs'
import { dirname, relative, resolve } from 'node:path'
import { findPrismaConfig, loadPrismaConfig } from './prisma-config.ts'
import { scanPrismaConfig, scanSchemaPath } from './scan-prisma-config.ts'

export interface ConfigLocation {
  /** Where the command was started: the only place where Prisma looks for its configuration. */
  readonly cwd: string
  /** What `--config` names, if anything; relative to `cwd`. */
  readonly configFile?: string | undefined
}

const PATHS = {
  migrations: {
    scan: scanPrismaConfig,
    what: 'the migrations folder',
    option: 'the generator\'s option "migrations"',
  },
  schema: { scan: scanSchemaPath, what: 'the schema', option: '--schema' },
} as const

/**
 * A path that Prisma's configuration names, absolute: read out of its text, or by running it where only that can tell.
 *
 * @returns `path` undefined where it names none; `problem` where it could not be read for sure, as a sentence
 */
export async function configuredPath(
  name: keyof typeof PATHS,
  { cwd, configFile }: ConfigLocation,
): Promise<{ readonly path?: string; readonly problem?: string }> {
  const file = configFile === undefined ? findPrismaConfig(cwd) : resolve(cwd, configFile)
  if (file === undefined) return {}
  const { scan, what, option } = PATHS[name]
  let scanned: ReturnType<typeof scan>
  try {
    scanned = scan(readFileSync(file, 'utf8'))
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    return { problem: `${relative(cwd, file)} cannot be read: ${why}` }
  }
  // A relative path is relative to the configuration file, wherever that stands.
  const guess = scanned.path === undefined ? {} : { path: resolve(dirname(file), scanned.path) }
  if (scanned.sure) return guess
  const loaded = await loadPrismaConfig(file, cwd)
  if (loaded.ok) {
    const path = loaded[name]
    return path === undefined ? {} : { path }
  }
  const problem = `${relative(cwd, file)} could not be loaded to find ${what} (${loaded.problem}). Name it in ${option}.`
  return { ...guess, problem }
}
