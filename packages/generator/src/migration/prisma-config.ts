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
  /** Paths, absolute; undefined where the configuration names none. */
  | {
      readonly ok: true
      readonly migrations: string | undefined
      readonly schema: string | undefined
      /** `tables.external`. */
      readonly externalTables: readonly string[]
      /** `experimental.externalTables`. */
      readonly hasExternalTables: boolean
    }
  | { readonly ok: false; readonly problem: string }

const loaded = new Map<string, Promise<LoadedPrismaConfig>>()

/**
 * Runs a Prisma configuration with the loader of the project's own Prisma, as Prisma does; once a process, for it
 * takes a quarter of a second. Where DATABASE_URL is not set it runs with a placeholder: we only want paths.
 */
export function loadPrismaConfig(configFile: string, cwd: string): Promise<LoadedPrismaConfig> {
  const known = loaded.get(configFile) ?? runPrismaConfig(configFile, cwd)
  loaded.set(configFile, known)
  return known
}

/** The same, run anew: a module that it imports may have been written since. */
export async function runPrismaConfig(configFile: string, cwd: string): Promise<LoadedPrismaConfig> {
  const placeholder = process.env.DATABASE_URL === undefined
  if (placeholder) process.env.DATABASE_URL = 'postgresql://localhost/placeholder'
  try {
    const run = await evaluate(configFile, cwd)
    if (!run.ok) return run
    const { config } = run
    return {
      ok: true,
      migrations: text(property(property(config, 'migrations'), 'path')),
      schema: text(property(config, 'schema')),
      externalTables: texts(property(property(config, 'tables'), 'external')),
      hasExternalTables: property(property(config, 'experimental'), 'externalTables') === true,
    }
  } finally {
    if (placeholder) delete process.env.DATABASE_URL
  }
}

export type DatasourceUrl =
  | { readonly ok: true; readonly url: string | undefined }
  | { readonly ok: false; readonly problem: string }

/**
 * The URL of the database that a Prisma configuration names, with the environment as it is. Where it loads a `.env` file, this
 * has to come before `loadPrismaConfig`, whose placeholder such a file does not replace.
 */
export async function readDatasourceUrl(configFile: string, cwd: string): Promise<DatasourceUrl> {
  const run = await evaluate(configFile, cwd)
  return run.ok ? { ok: true, url: text(property(property(run.config, 'datasource'), 'url')) } : run
}

type Evaluated =
  | { readonly ok: true; readonly config: unknown }
  | { readonly ok: false; readonly problem: string }

async function evaluate(configFile: string, cwd: string): Promise<Evaluated> {
  const load = await findLoader(configFile, cwd)
  if (!load) return { ok: false, problem: 'the package "prisma" was not found from it' }
  try {
    const result: unknown = await load({ configFile, configRoot: cwd })
    const error = property(result, 'error')
    if (error !== undefined && error !== null) {
      return { ok: false, problem: messageOf(property(error, 'error')) }
    }
    return { ok: true, config: property(result, 'config') }
  } catch (error) {
    return { ok: false, problem: messageOf(error) }
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

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : []
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
