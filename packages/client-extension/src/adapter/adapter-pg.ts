import { AuditContextError } from '../errors.ts'
import { FAST_PATH, type FastPath } from '../fast-path.ts'
import { auditedPool } from './audited-pool.ts'
import { contextSlots } from './context-slot.ts'
import { isLostConnection } from './lost-connection.ts'
import { assertPgPool, type PgPool, property, unsupportedDriver } from './pg-driver.ts'
import { assertOwnBackends } from './pglite.ts'
import { askVersion, probe } from './probe.ts'

/** What `PrismaPg` of `@prisma/adapter-pg` makes, as far as it is needed here. */
export interface DriverAdapterFactory {
  readonly provider: string
  readonly adapterName: string
  connect(): Promise<object>
}

/**
 * Saves the audit its round trips: a single write carries its context in its own network flush, and a transaction sends
 * BEGIN and the context with its first statement. One line turns it on, and without it everything is as right, only slower:
 *
 *     const prisma = new PrismaClient({ adapter: auditAdapter(new PrismaPg({ connectionString })) })
 *
 * @param adapter a `PrismaPg` of `@prisma/adapter-pg` 7, with a configuration or with a `pg.Pool` of your own
 * @returns an adapter of the same type, for `new PrismaClient({ adapter })`
 * @throws AuditContextError `UNSUPPORTED_DRIVER`, at connect, when these versions of the adapter and of pg do not carry
 *   the context in the way that is expected of them
 */
export function auditAdapter<Factory extends DriverAdapterFactory>(adapter: Factory): Factory {
  if (adapter.provider !== 'postgres' || adapter.adapterName !== '@prisma/adapter-pg') {
    throw unsupportedDriver(`it is made for @prisma/adapter-pg, not for ${adapter.adapterName}`)
  }
  const slots = contextSlots()
  const audited: Factory = Object.create(adapter, {
    [FAST_PATH]: { value: { single: slots.single, outside: slots.outside } },
    connect: {
      value: async () => {
        const connected = await adapter.connect()
        try {
          const pool = putPoolBetween(connected, slots.take)
          // Prisma connects within its first operation, whose settings are not the probe's.
          await slots.outside(() => proveOn(connected, pool, slots))
        } catch (error) {
          await dispose(connected)
          throw error
        }
        return connected
      },
    },
  })
  return audited
}

/**
 * Everything that waits for Prisma to connect fails where the probe does, so it does not fail for a connection that is lost meanwhile.
 * What a server that mixes statements does to it may look like anything: then that is said, and not what it looks like.
 */
async function proveOn(connected: object, pool: PgPool, slots: FastPath, attempts = 3): Promise<void> {
  try {
    assertOwnBackends(await probe(connected, slots), pool)
  } catch (error) {
    if (attempts > 1 && isLostConnection(error)) return proveOn(connected, pool, slots, attempts - 1)
    if (error instanceof AuditContextError) assertOwnBackends({ version: await askVersion(connected) }, pool)
    throw error
  }
}

/** The adapter keeps its pool in a field, and gives it out where the application asks for the driver. */
function putPoolBetween(connected: object, take: Parameters<typeof auditedPool>[1]): PgPool {
  const pool = property(connected, 'client')
  const given = property(connected, 'underlyingDriver')
  if (typeof given !== 'function' || given.call(connected) !== pool) {
    throw unsupportedDriver('this version of @prisma/adapter-pg keeps its pool elsewhere')
  }
  assertPgPool(pool)
  Object.assign(connected, { client: auditedPool(pool, take), underlyingDriver: () => pool })
  return pool
}

async function dispose(connected: object): Promise<void> {
  const end = property(connected, 'dispose')
  if (typeof end === 'function') await end.call(connected)
}
