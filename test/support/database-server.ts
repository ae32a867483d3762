import pg from 'pg'
import { dockerAnswers, startContainerServer } from './container-server.ts'
import { startEmbeddedServer } from './embedded-server.ts'

export type DatabaseServer = {
  /** A superuser's connection string to the server's administrative database. */
  readonly url: string
  readonly kind: 'url' | 'container' | 'embedded'
  /** PostgreSQL's own `server_version`, "18.4" for one. */
  readonly version: string
  stop(): Promise<void>
}

/**
 * Gives a real PostgreSQL server: the one that `TEST_DATABASE_URL` names; else a container where a Docker
 * engine answers; else one from npm. `stop()` leaves nothing running; a server named by URL is not stopped.
 *
 * @throws Error that says which of the three was tried and why it did not answer.
 */
export async function startDatabaseServer(): Promise<DatabaseServer> {
  const url = process.env.TEST_DATABASE_URL
  if (url) {
    const version = await serverVersion(url).catch((cause: unknown) => {
      throw new Error('TEST_DATABASE_URL is set, but no PostgreSQL answers there. Correct or unset it.', {
        cause,
      })
    })
    return { url, kind: 'url', version, stop: async () => {} }
  }
  if (dockerAnswers()) {
    try {
      const server = await startContainerServer()
      return { ...server, kind: 'container', version: await serverVersion(server.url) }
    } catch (error) {
      process.stderr.write(
        `Docker answers, but no container started (${String(error)}); using PostgreSQL from npm.\n`,
      )
    }
  }
  const server = await startEmbeddedServer()
  return { ...server, kind: 'embedded', version: await serverVersion(server.url) }
}

export async function serverVersion(connectionString: string): Promise<string> {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: 10_000 })
  await client.connect()
  try {
    const { rows } = await client.query<{ server_version: string }>('SHOW server_version')
    return rows[0]?.server_version ?? 'unknown'
  } finally {
    await client.end()
  }
}
