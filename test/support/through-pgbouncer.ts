import { inject } from 'vitest'

declare module 'vitest' {
  interface ProvidedContext {
    pgbouncer: { readonly port: number; readonly version: string } | { readonly missing: string }
  }
}

/** The same database by way of the run's PgBouncer; without one the address itself, and the tests are skipped. */
export function throughPgBouncer(url: string): string {
  const pgbouncer = inject('pgbouncer')
  if ('missing' in pgbouncer) return url
  const changed = new URL(url)
  changed.hostname = '127.0.0.1'
  changed.port = String(pgbouncer.port)
  return changed.href
}
