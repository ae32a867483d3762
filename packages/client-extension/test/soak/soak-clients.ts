import { PrismaPg } from '@prisma/adapter-pg'
import pg from 'pg'
import { auditAdapter } from '../../src/adapter/adapter-pg.ts'
import { auditContext } from '../../src/index.ts'
import type { LedgerClient, LedgerClientClass } from '../fixture/ledger-client.ts'
import { failureOf } from './failure.ts'
import type { Clients } from './operations.ts'

export interface Access {
  /** The database itself. */
  readonly url: string
  /** The way to it through a connection pooler, where that is what is tested. */
  readonly through?: string | undefined
  readonly PrismaClient: LedgerClientClass
  /** Whether the clients use `auditAdapter`. */
  readonly withAdapter: boolean
}

export interface SoakClients {
  readonly pools: readonly pg.Pool[]
  as(username: string, reason: string): Clients
  close(): Promise<void>
}

/** Prisma reports a connect that failed last once more when it disconnects. */
function expectNoConnection(error: unknown): void {
  const failure = failureOf(error)
  if (failure !== 'no connection' && failure !== 'lost') throw error
}

export const applicationName = 'audit soak'

export function openClients({ url, through, PrismaClient, withAdapter }: Access): SoakClients {
  const pools: pg.Pool[] = []
  const bare: LedgerClient[] = []
  function open(connectionString: string, config: pg.PoolConfig): LedgerClient {
    const pool = new pg.Pool({ connectionString, application_name: applicationName, ...config })
    // An idle connection that is killed must not end the run.
    pool.on('error', () => undefined)
    // Nor must one that is lost while pg hands it over, when nobody listens to it; auditAdapter does.
    if (!withAdapter) pool.on('connect', (client) => client.on('error', () => undefined))
    const adapter = new PrismaPg(pool)
    const client = new PrismaClient({
      adapter: withAdapter ? auditAdapter(adapter) : adapter,
      // Drawing a piece of the source for each error takes longer than the operation.
      errorFormat: 'minimal',
      transactionOptions: { maxWait: 60_000, timeout: 60_000 },
    })
    pools.push(pool)
    bare.push(client)
    return client
  }
  const main = open(through ?? url, { max: 6 })
  // PgBouncer does not take the parameter.
  const hasty = open(url, { max: 2, statement_timeout: 50 })
  const crowded = open(through ?? url, { max: 1, connectionTimeoutMillis: 100 })
  return {
    pools,
    as(username, reason) {
      const audit = auditContext({ username, reason })
      // An operation needs one of them, and extending a client takes longer than a write.
      return {
        get db() {
          return main.$extends(audit)
        },
        get hasty() {
          return hasty.$extends(audit)
        },
        get crowded() {
          return crowded.$extends(audit)
        },
      }
    },
    async close() {
      await Promise.all(bare.map((client) => client.$disconnect().catch(expectNoConnection)))
      await Promise.all(pools.map((pool) => pool.end()))
    },
  }
}
