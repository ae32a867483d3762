import { inject } from 'vitest'

declare module 'vitest' {
  interface ProvidedContext {
    /** The server of a project's own: its programs, or why there is none. */
    server: { readonly binaries: string } | { readonly missing: string }
  }
}

/** The folder of the programs of this project's own server: `pg_dump` for one, where its distribution has it. */
export function serverBinaries(): string {
  const server = inject('server')
  if ('missing' in server) throw new Error(server.missing)
  return server.binaries
}
