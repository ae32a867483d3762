import { relative, resolve } from 'node:path'
import { findPrismaConfig, readDatasourceUrl } from '../migration/prisma-config.ts'
import type { ProjectFlags } from './find-schema.ts'
import { ProjectNotFoundError } from './project-not-found-error.ts'

export interface DatabaseFlags extends ProjectFlags {
  /** In place of the URL that the Prisma configuration names. */
  readonly url?: string | undefined
}

/**
 * The URL of the project's database: what `--url` says, else what the Prisma configuration says, else DATABASE_URL.
 *
 * @throws ProjectNotFoundError where none is named, or one that is no PostgreSQL server's
 */
export async function findDatabaseUrl({ url, config }: DatabaseFlags, cwd: string): Promise<string> {
  const found = url ?? (await configuredUrl(config, cwd)) ?? process.env.DATABASE_URL
  if (found === undefined || found === '') {
    throw new ProjectNotFoundError(
      'No database is named. Give one with --url postgresql://…, or as datasource.url in prisma.config.ts.',
    )
  }
  if (!/^postgres(ql)?:\/\//.test(found)) {
    throw new ProjectNotFoundError(
      'The URL of the database does not begin with postgresql://, and a direct connection is needed here. Give one with --url postgresql://…',
    )
  }
  return found
}

async function configuredUrl(config: string | undefined, cwd: string): Promise<string | undefined> {
  const configFile = config === undefined ? findPrismaConfig(cwd) : resolve(cwd, config)
  if (configFile === undefined) return undefined
  const read = await readDatasourceUrl(configFile, cwd)
  if (read.ok) return read.url
  throw new ProjectNotFoundError(
    `${relative(cwd, configFile) || configFile} names no database: ${read.problem}\nGive one with --url postgresql://…`,
  )
}
