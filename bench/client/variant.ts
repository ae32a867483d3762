import { AsyncLocalStorage } from 'node:async_hooks'
import { PrismaPg } from '@prisma/adapter-pg'
import type { AuditContextExtension } from '../../packages/client-extension/src/index.ts'
import type {
  LedgerClient,
  LedgerClientClass,
} from '../../packages/client-extension/test/fixture/ledger-client.ts'
import { forUser } from './official-pattern.ts'
import { openBemi, openPrismaAudit } from './peers.ts'

/** Where a variant finds what was generated and installed for it. */
export interface VariantFiles {
  /** The file of the generated Prisma Client. */
  readonly client: string
  /** The file of the generated `auditContext`. */
  readonly audit: string
  /** The folder whose `node_modules` holds the peers; absent where they were not installed. */
  readonly peers?: string | undefined
  readonly peerMetadata?: string | undefined
}

export interface Opened {
  readonly client: LedgerClient
  readonly forRequest: () => LedgerClient
}

export interface Variant {
  /** What it is, for the report. */
  readonly says: string
  /** `audited`: with triggers that record NULL for an absent name; `plain`: the same tables without; `own`: the peer's. */
  readonly database: 'audited' | 'plain' | 'own'
  readonly isPeer?: true
  readonly open: (url: string, files: VariantFiles, name: string) => Promise<Opened>
}

interface AuditModule {
  auditContext(context: object | (() => object)): AuditContextExtension
}

const adapter = (url: string) => new PrismaPg({ connectionString: url, max: 1 })

async function openBare(url: string, files: VariantFiles): Promise<Opened> {
  const { PrismaClient }: { PrismaClient: LedgerClientClass } = await import(files.client)
  const client = new PrismaClient({ adapter: adapter(url) })
  return { client, forRequest: () => client }
}

async function openExtended(url: string, files: VariantFiles, extension: object): Promise<Opened> {
  const { client } = await openBare(url, files)
  return { client: client.$extends(extension), forRequest: () => client.$extends(extension) }
}

const passOn = ({ args, query }: { args: unknown; query: (given: unknown) => Promise<unknown> }) =>
  query(args)

async function openAudited(
  url: string,
  files: VariantFiles,
  name: string,
  wrap: (made: PrismaPg) => PrismaPg,
): Promise<Opened> {
  const { PrismaClient }: { PrismaClient: LedgerClientClass } = await import(files.client)
  const { auditContext }: AuditModule = await import(files.audit)
  const prisma = new PrismaClient({ adapter: wrap(adapter(url)) })
  const context = { username: name, reason: 'benchmark' }
  return {
    client: prisma.$extends(auditContext(() => context)),
    forRequest: () => prisma.$extends(auditContext(context)),
  }
}

export const variants = {
  bare: {
    says: 'Prisma Client on the audited tables, which record that nobody was named',
    open: openBare,
    database: 'audited',
  },
  'layer-1': {
    says: 'the extension alone',
    database: 'audited',
    open: (url, files, name) => openAudited(url, files, name, (made) => made),
  },
  'fast-path': {
    says: 'the extension with `auditAdapter`',
    database: 'audited',
    async open(url, files, name) {
      const { auditAdapter } = await import('prisma-extension-audit/adapter-pg')
      return openAudited(url, files, name, auditAdapter)
    },
  },
  official: {
    says: "the pattern of Prisma's own example `audit-log-context`",
    database: 'audited',
    async open(url, files, name) {
      const { client } = await openBare(url, files)
      const extended = client.$extends(forUser(name))
      return { client: extended, forRequest: () => client.$extends(forUser(name)) }
    },
  },
  'empty-extension': {
    says: 'an extension with nothing in it: what Prisma itself takes for `$extends`, of reads too',
    database: 'audited',
    open: (url, files) => openExtended(url, files, {}),
  },
  'empty-hook': {
    says: 'an extension whose query hook only passes on, which names nobody: what Prisma itself takes for a hook',
    database: 'audited',
    open: (url, files) => openExtended(url, files, { query: { $allOperations: passOn } }),
  },
  'async-context': {
    says: 'the bare client where anything uses `AsyncLocalStorage`, as every application with request contexts does',
    database: 'audited',
    async open(url, files) {
      new AsyncLocalStorage().run({}, () => undefined)
      return openBare(url, files)
    },
  },
  unaudited: { says: 'Prisma Client on the same tables without an audit', open: openBare, database: 'plain' },
  'prisma-audit': {
    says: 'npm `prisma-audit` 0.1.0, on tables of its own',
    database: 'own',
    isPeer: true,
    open: openPrismaAudit,
  },
  bemi: {
    says: 'npm `@bemi-db/prisma` 1.1.0, without the service that reads its comments from the log, on tables without an audit',
    database: 'plain',
    isPeer: true,
    open: openBemi,
  },
} satisfies Readonly<Record<string, Variant>>

export type VariantName = keyof typeof variants

export const variantNames = Object.keys(variants) as readonly VariantName[]

/** Those that name their caller; the others leave NULL. */
export const named: ReadonlySet<VariantName> = new Set(['layer-1', 'fast-path', 'official'])
