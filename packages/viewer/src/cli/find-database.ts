import { statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, relative, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

/** What the person who has started the command can do something about. */
export class DatabaseNotFoundError extends Error {
  override readonly name = 'DatabaseNotFoundError'
}

const EXTENSIONS = ['.js', '.ts', '.mjs', '.cjs', '.mts', '.cts']
const PLACES = ['prisma7.config', 'prisma.config', join('.config', 'prisma7'), join('.config', 'prisma')]

/**
 * The URL of the database: what `--url` says, else what the Prisma configuration says, else DATABASE_URL.
 *
 * @throws DatabaseNotFoundError where none is named, or one that is no PostgreSQL server's
 */
export async function findDatabaseUrl(
  { url, config }: { readonly url?: string | undefined; readonly config?: string | undefined },
  cwd: string,
): Promise<string> {
  const found = url ?? (await configuredUrl(config, cwd)) ?? process.env.DATABASE_URL
  if (found === undefined || found === '') {
    throw new DatabaseNotFoundError(
      'No database is named. Give one with --url postgresql://…, as datasource.url in prisma.config.ts, or as DATABASE_URL.',
    )
  }
  if (!/^postgres(ql)?:\/\//.test(found)) {
    throw new DatabaseNotFoundError(
      'The URL of the database does not begin with postgresql://. Give one of a direct connection with --url postgresql://…',
    )
  }
  return found
}

async function configuredUrl(config: string | undefined, cwd: string): Promise<string | undefined> {
  const file = config === undefined ? configFileOf(cwd) : resolve(cwd, config)
  if (file === undefined) return undefined
  const load = await findLoader(file, cwd)
  // Without Prisma beside it nobody can run its configuration; DATABASE_URL may do.
  if (load === undefined) return undefined
  const result = await load({ configFile: file, configRoot: cwd })
  const problem = property(property(result, 'error'), 'error')
  if (problem !== undefined) {
    const message = problem instanceof Error ? problem.message : String(problem)
    throw new DatabaseNotFoundError(
      `${relative(cwd, file) || file} names no database: ${message}\nGive one with --url postgresql://…`,
    )
  }
  const url = property(property(property(result, 'config'), 'datasource'), 'url')
  return typeof url === 'string' ? url : undefined
}

function configFileOf(cwd: string): string | undefined {
  return PLACES.flatMap((place) => EXTENSIONS.map((extension) => join(cwd, place + extension))).find(
    (path) => statSync(path, { throwIfNoEntry: false })?.isFile() ?? false,
  )
}

type Loader = (input: { configFile: string; configRoot: string }) => Promise<unknown>

/** Prisma's own loader, of the `prisma` that is installed there. */
async function findLoader(file: string, cwd: string): Promise<Loader | undefined> {
  for (const from of [file, join(cwd, 'package.json')]) {
    try {
      const prisma = createRequire(from).resolve('prisma/package.json')
      const module: unknown = await import(
        pathToFileURL(createRequire(prisma).resolve('@prisma/config')).href
      )
      const load =
        property(module, 'loadConfigFromFile') ?? property(property(module, 'default'), 'loadConfigFromFile')
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
