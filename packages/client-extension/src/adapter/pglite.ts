import { AuditContextError } from '../errors.ts'
import type { PgPool } from './pg-driver.ts'
import type { Probed } from './probe.ts'

/**
 * The socket of PGlite, which `prisma dev` uses, has one backend for all its connections and sends it their messages
 * as they come, so that statements of two connections mix, with the audit or without (seen in pglite-socket 0.1.3).
 * A context could then reach a statement of somebody else.
 *
 * @throws AuditContextError `UNSUPPORTED_DRIVER` where the server is PGlite and the pool may open a second connection
 */
export function assertOwnBackends({ version }: Probed, pool: PgPool): void {
  if (!/\bon wasm/.test(version) || pool.options?.max === 1) return
  const message = 'This server is PGlite, and it mixes the statements of several connections.'
  throw new AuditContextError('UNSUPPORTED_DRIVER', message, {
    hint: 'Give the pool one connection, with auditAdapter() or without: new PrismaPg({ connectionString, max: 1 }).',
  })
}
