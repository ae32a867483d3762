import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { administer } from '../../test/support/database.ts'
import { createPrismaProject } from '../../test/support/prisma-project.ts'
import type { VariantFiles } from './variant.ts'

const run = promisify(execFile)
const here = (path: string) => new URL(`../peers/${path}`, import.meta.url)

const config = `export default {
  schema: 'prisma/.audit',
  datasource: { url: process.env.DATABASE_URL },
}
`

export interface PeerProject {
  readonly files: Pick<VariantFiles, 'client' | 'peers' | 'peerMetadata'>
  cleanup(): void
}

/**
 * Installs the peers from npm in a project of their own, lets `prisma-audit` preprocess its schema, and makes its tables.
 *
 * @param databaseUrl an empty database, for those tables
 * @throws Error with the output of the step that failed
 */
export async function createPeerProject(databaseUrl: string): Promise<PeerProject> {
  const project = await createPrismaProject({
    schema: await readFile(here('schema.prisma'), 'utf8'),
    files: { 'peers/package.json': await readFile(here('package.json'), 'utf8') },
    databaseUrl,
    config,
    git: false,
  })
  try {
    const peers = join(project.dir, 'peers')
    // Their own range of @prisma/client is not asked: they get this repository's.
    await run('npm', ['install', '--legacy-peer-deps', '--ignore-scripts', '--no-audit', '--no-fund'], {
      cwd: peers,
    })
    const program = join(peers, 'node_modules/prisma-audit/dist/cli/bin.js')
    await run(process.execPath, [program, 'generate'], { cwd: project.dir })
    await project.prisma(['generate'])
    const { stdout } = await project.prisma([
      ...['migrate', 'diff', '--from-empty', '--to-schema', 'prisma/.audit', '--script'],
    ])
    await administer(databaseUrl, (client) => client.query(stdout))
    return {
      files: {
        client: pathToFileURL(join(project.dir, 'generated/client/client.ts')).href,
        peers,
        peerMetadata: join(project.dir, 'prisma/.audit/audit.metadata.json'),
      },
      cleanup: project.cleanup,
    }
  } catch (error) {
    project.cleanup()
    throw error
  }
}
