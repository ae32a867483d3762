import { statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const EXTENSIONS = ['.js', '.ts', '.mjs', '.cjs', '.mts', '.cts']

/** Where Prisma 7 looks for its configuration, in its order: the first that exists wins. Read in @prisma/config. */
const CANDIDATES: readonly string[] = [
  ...['prisma7.config', join('.config', 'prisma7')].flatMap(withExtensions),
  ...['prisma.config', join('.config', 'prisma'), join('.config', 'prisma.config')].flatMap((base) => [
    ...withExtensions(base),
    ...withExtensions(join(base, 'index')),
  ]),
]

function withExtensions(base: string): string[] {
  return EXTENSIONS.map((extension) => base + extension)
}

/** Prisma's configuration file of the directory in which its command was started. */
export function findPrismaConfig(cwd: string): string | undefined {
  return CANDIDATES.map((candidate) => join(cwd, candidate)).find(
    (path) => statSync(path, { throwIfNoEntry: false })?.isFile() ?? false,
  )
}

export type LoadedPrismaConfig =
  /** `migrations`: its path, absolute; undefined where the configuration names none. */
  | { readonly ok: true; readonly migrations: string | undefined }
  | { readonly ok: false; readonly problem: string }

/**
 * Runs a Prisma configuration with the loader of the project's own Prisma, as Prisma does. A configuration
 * that throws because DATABASE_URL is not set is run again with a placeholder: we only want a path.
 */
export async function loadPrismaConfig(configFile: string, cwd: string): Promise<LoadedPrismaConfig> {
  const load = await findLoader(configFile, cwd)
  if (!load) return { ok: false, problem: 'the package "prisma" was not found from it' }
  const placeholder = process.env.DATABASE_URL === undefined
  if (placeholder) process.env.DATABASE_URL = 'postgresql://localhost/placeholder'
  try {
    const loaded: unknown = await load({ configFile, configRoot: cwd })
    const error = property(loaded, 'error')
    if (error !== undefined && error !== null) {
      return { ok: false, problem: messageOf(property(error, 'error')) }
    }
    const path = property(property(property(loaded, 'config'), 'migrations'), 'path')
    return { ok: true, migrations: typeof path === 'string' ? path : undefined }
  } catch (error) {
    return { ok: false, problem: messageOf(error) }
  } finally {
    if (placeholder) delete process.env.DATABASE_URL
  }
}

type Loader = (input: { configFile: string; configRoot: string }) => Promise<unknown>

/** `@prisma/config` belongs to the project's `prisma`, so it is looked for from there. */
async function findLoader(configFile: string, cwd: string): Promise<Loader | undefined> {
  for (const from of [configFile, join(cwd, 'package.json')]) {
    try {
      const prisma = createRequire(from).resolve('prisma/package.json')
      const config: unknown = await import(
        pathToFileURL(createRequire(prisma).resolve('@prisma/config')).href
      )
      const load =
        property(config, 'loadConfigFromFile') ?? property(property(config, 'default'), 'loadConfigFromFile')
      if (typeof load === 'function') return async (input) => await load(input)
    } catch {
      // Looked for in the next place.
    }
  }
  return undefined
}

function property(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
