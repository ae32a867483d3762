import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { PrismaPg } from '@prisma/adapter-pg'
import type {
  LedgerClient,
  LedgerClientClass,
} from '../../packages/client-extension/test/fixture/ledger-client.ts'
import type { Opened, VariantFiles } from './variant.ts'

/** Other packages for the same purpose, opened as their own pages say. */

interface PrismaAudit {
  loadMetadata(file: string): object
  withAudit(client: LedgerClient, options: object): LedgerClient
}

export async function openPrismaAudit(url: string, files: VariantFiles, name: string): Promise<Opened> {
  const peer: PrismaAudit = await import(
    pathToFileURL(join(peers(files), 'node_modules/prisma-audit/dist/index.js')).href
  )
  const { PrismaClient }: { PrismaClient: LedgerClientClass } = await import(files.client)
  const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString: url, max: 1 }) })
  const metadata = peer.loadMetadata(files.peerMetadata ?? '')
  const open = () =>
    peer.withAudit(prisma, { metadata, userProvider: () => ({ userId: name, username: name }) })
  return { client: open(), forRequest: open }
}

interface Bemi {
  readonly PrismaPg: new (config: object) => object
  withBemiExtension(client: LedgerClient): LedgerClient
  setBemiContext(context: object): void
}

export async function openBemi(url: string, files: VariantFiles, name: string): Promise<Opened> {
  const peer: Bemi = createRequire(join(peers(files), 'package.json'))('@bemi-db/prisma')
  const { PrismaClient }: { PrismaClient: LedgerClientClass } = await import(files.client)
  const prisma = new PrismaClient({ adapter: new peer.PrismaPg({ connectionString: url, max: 1 }) })
  const client = peer.withBemiExtension(prisma)
  peer.setBemiContext({ userId: name })
  return { client, forRequest: () => peer.withBemiExtension(prisma) }
}

function peers(files: VariantFiles): string {
  if (files.peers === undefined) throw new Error('it is not installed')
  return files.peers
}
