import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import pg from 'pg'
import { toNodeHandler } from '../node.ts'
import type { AuditViewer } from '../options.ts'
import { createAuditViewer } from '../viewer.ts'
import { DatabaseNotFoundError } from './find-database.ts'
import { openBrowser } from './open-browser.ts'
import { createToken } from './token.ts'

export interface ServeFlags {
  readonly port?: number
  readonly open?: boolean
  readonly actor?: string
  /** In seconds. */
  readonly timeout?: number
}

/**
 * Serves the viewer on 127.0.0.1 until the process is interrupted, and prints its link.
 *
 * @throws DatabaseNotFoundError where the database does not answer, or the port is taken
 */
export async function serveViewer(connectionString: string, flags: ServeFlags): Promise<void> {
  const database = await nameOfDatabase(connectionString)
  let viewer: AuditViewer | undefined
  const server = createServer((request, response) => {
    if (viewer !== undefined) void toNodeHandler(viewer)(request, response)
  })
  const port = await listen(server, flags.port ?? 0)
  const token = createToken(port)
  viewer = createAuditViewer({
    connectionString,
    authorize: token.authorize,
    hosts: [`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`],
    title: `Audit history of ${database}`,
    ...(flags.actor === undefined ? {} : { actor: flags.actor }),
    statementTimeout: (flags.timeout ?? 15) * 1000,
  })
  const link = `http://127.0.0.1:${port}/activity?token=${token.text}`
  // Before anybody can read the link, and end it at once.
  const ended = interrupted()
  console.log(`The history of ${database}, read-only:\n\n  ${link}\n\nCtrl-C ends it.`)
  if (flags.open !== false) openBrowser(link)
  await ended
  server.closeAllConnections()
  server.close()
}

async function nameOfDatabase(connectionString: string): Promise<string> {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: 10_000 })
  client.on('error', () => {})
  try {
    await client.connect()
    const { rows } = await client.query<{ name: string }>('SELECT pg_catalog.current_database() AS name')
    return rows[0]?.name ?? ''
  } catch (error) {
    const message =
      error instanceof Error ? error.message || String(Reflect.get(error, 'code')) : String(error)
    throw new DatabaseNotFoundError(`The database cannot be reached: ${message}`, { cause: error })
  } finally {
    await client.end().catch(() => {})
  }
}

async function listen(server: Server, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  }).catch((error: Error) => {
    throw new DatabaseNotFoundError(`Port ${port} cannot be listened on: ${error.message}`, { cause: error })
  })
  return (server.address() as AddressInfo).port
}

async function interrupted(): Promise<void> {
  await new Promise<void>((resolve) => {
    process.once('SIGINT', () => resolve()).once('SIGTERM', () => resolve())
  })
}
