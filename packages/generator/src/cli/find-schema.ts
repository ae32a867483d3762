import { statSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { configuredPath } from '../migration/configured-path.ts'
import { findPrismaConfig } from '../migration/prisma-config.ts'
import { ProjectNotFoundError } from './project-not-found-error.ts'

/** Flags that every command knows, as Prisma's own commands do. */
export interface ProjectFlags {
  /** The schema file, or the folder of a schema in several files; relative to the working directory. */
  readonly schema?: string | undefined
  /** The Prisma configuration file; relative to the working directory. */
  readonly config?: string | undefined
}

/**
 * Finds the schema as Prisma 7 does: what `--schema` names, else what the configuration names, else `schema.prisma` or
 * `prisma/schema.prisma` beside the configuration (without one: in the working directory).
 *
 * @returns a file or a folder, absolute
 * @throws ProjectNotFoundError that says where it was looked for
 */
export async function findSchema({ schema, config }: ProjectFlags, cwd: string): Promise<string> {
  if (schema !== undefined) return existing(resolve(cwd, schema), cwd, 'that --schema names')
  const configFile = config === undefined ? findPrismaConfig(cwd) : resolve(cwd, config)
  if (configFile === undefined) return byDefault(cwd, cwd)
  if (!isThere(configFile)) {
    throw new ProjectNotFoundError(
      `There is no configuration ${shown(configFile, cwd)}, that --config names.`,
    )
  }
  const { path, problem } = await configuredPath('schema', { cwd, configFile })
  if (path !== undefined) return existing(path, cwd, `that ${shown(configFile, cwd)} names`)
  if (problem !== undefined) throw new ProjectNotFoundError(problem)
  return byDefault(dirname(configFile), cwd)
}

function existing(path: string, cwd: string, why: string): string {
  if (isThere(path)) return path
  throw new ProjectNotFoundError(`There is no schema ${shown(path, cwd)}, ${why}.`)
}

function byDefault(root: string, cwd: string): string {
  const candidates = [join(root, 'schema.prisma'), join(root, 'prisma', 'schema.prisma')]
  const found = candidates.find(isThere)
  if (found !== undefined) return found
  const places = candidates.map((path) => shown(path, cwd)).join(' and ')
  throw new ProjectNotFoundError(
    `There is no Prisma schema here: looked for ${places}. Start the command in the project's folder, or name the schema with --schema or in prisma.config.ts.`,
  )
}

function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined
}

function shown(path: string, cwd: string): string {
  return relative(cwd, path) || '.'
}
