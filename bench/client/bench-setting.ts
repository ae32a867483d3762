import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { administer, createDatabaseOn, type TestDatabase } from '../../test/support/database.ts'
import { startDatabaseServer } from '../../test/support/database-server.ts'
import { createPrismaProject } from '../../test/support/prisma-project.ts'
import { createPeerProject } from './peer-project.ts'
import { type Variant, type VariantFiles, type VariantName, variants } from './variant.ts'

/** A server with the same tables in several databases, and what was generated for them. */
export interface BenchSetting {
  readonly server: { readonly url: string; readonly kind: string; readonly version: string }
  /** Why the peers could not be installed. */
  readonly peerError: string | undefined
  filesOf(variant: VariantName): VariantFiles
  /** The variant's own database, by way of the server at `url`. */
  urlOf(variant: VariantName, url: string): string
  /** The audited database. */
  readonly audited: TestDatabase
  close(): Promise<void>
}

const here = (path: string) => new URL(path, import.meta.url)

export async function prepareSetting(withPeers: boolean): Promise<BenchSetting> {
  const closing: (() => unknown)[] = []
  const close = async () => {
    for (const step of closing.toReversed()) await step()
  }
  try {
    const server = await startDatabaseServer()
    closing.push(server.stop)
    const host = { url: server.url, prefix: `prisma_audit_bench_${randomBytes(4).toString('hex')}` }
    const [audited, plain, own] = await Promise.all([
      createDatabaseOn(host),
      createDatabaseOn(host),
      createDatabaseOn(host),
    ])
    closing.push(...[audited, plain, own].map((database) => database.drop))
    const tables = await readFile(here('ledger.sql'), 'utf8')
    const project = await createPrismaProject({
      schema: await readFile(here('ledger.prisma'), 'utf8'),
      migrations: { '20260101000000_init': tables },
      databaseUrl: audited.url,
      git: false,
    })
    closing.push(project.cleanup)
    await project.prisma(['generate'])
    for (const { sql } of await project.migrationFiles())
      await administer(audited.url, (client) => client.query(sql))
    await administer(plain.url, (client) => client.query(tables))
    const peers = withPeers ? await createPeerProject(own.url).catch(String) : undefined
    if (typeof peers === 'object') closing.push(peers.cleanup)
    const file = (path: string) => pathToFileURL(join(project.dir, path)).href
    const files = { client: file('generated/client/client.ts'), audit: file('generated/audit/index.ts') }
    const databases = { audited, plain, own }
    const databaseOf = (variant: VariantName) => (variants[variant] as Variant).database
    return {
      server,
      audited,
      peerError: typeof peers === 'string' ? peers : undefined,
      filesOf: (variant) => {
        const peerFiles = typeof peers === 'object' ? peers.files : {}
        return databaseOf(variant) === 'own'
          ? { ...files, ...peerFiles }
          : { ...files, ...peerFiles, client: files.client }
      },
      urlOf(variant, url) {
        const through = new URL(url)
        through.pathname = `/${databases[databaseOf(variant)].name}`
        return through.href
      },
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}
