import type { ViewerPool } from './database/connection.ts'

/** `false` refuses; a `Response` is sent as it is, a redirect to a sign-in for one. */
export type Access =
  | boolean
  | Response
  /** The rows of this tenant; only with the option `tenant`. */
  | { readonly tenant: string }
  /** Everybody's rows, where the option `tenant` keeps them apart: for a back office. */
  | { readonly allTenants: true }

export interface AuditViewerOptions {
  /**
   * Asked before every answer, the page's own scripts included. Nothing is shown without it. `true` shows every history that the
   * role of the connection may read.
   *
   *     authorize: async (request) => (await sessionOf(request))?.role === 'support'
   */
  readonly authorize: (request: Request) => Access | Promise<Access>
  /** A pool of `pg`, of a role that may read the history. Or: */
  readonly pool?: ViewerPool
  /** Where to connect to, as a role that may read the history; the viewer keeps a pool of four connections. */
  readonly connectionString?: string
  /**
   * Keeps tenants apart: `column` is that of the histories by which rows belong to a tenant. `authorize` then says whose rows are seen;
   * `true` is not enough any more. A history without the column is closed to tenants. `audit.<setting>` (default: the column's
   * name) is set in each transaction, for policies that `prisma-generator-audit reader --tenant` has made.
   */
  readonly tenant?: { readonly column: string; readonly setting?: string }
  /** Where it is mounted: `/admin/audit`. By default at the root. */
  readonly basePath?: string
  /** What the page calls itself. */
  readonly title?: string
  /** The setting that says who it was; by default `username`, or what comes next to it. */
  readonly actor?: string
  /** Hosts, with their ports, under which it is served; others are refused. By default any: the application looks after that. */
  readonly hosts?: readonly string[]
  /** How long one statement may run, in milliseconds; default 15 000. */
  readonly statementTimeout?: number
}

export type AuditViewer = (request: Request) => Promise<Response>

/** @throws TypeError that says what is wrong with them */
export function checkedOptions(options: AuditViewerOptions): void {
  if (typeof options?.authorize !== 'function') {
    throw new TypeError('createAuditViewer needs "authorize", a function that says who may see the history.')
  }
  if ((options.pool === undefined) === (options.connectionString === undefined)) {
    throw new TypeError('createAuditViewer needs either "pool" or "connectionString".')
  }
  const timeout = options.statementTimeout
  if (timeout !== undefined && !(Number.isInteger(timeout) && timeout >= 1 && timeout <= 3_600_000)) {
    throw new TypeError('"statementTimeout" is a whole number of milliseconds from 1 to 3600000.')
  }
  const { tenant } = options
  if (tenant !== undefined && (typeof tenant.column !== 'string' || tenant.column === '')) {
    throw new TypeError('"tenant" needs "column", the column of the histories that says whose a row is.')
  }
  const setting = tenant?.setting ?? tenant?.column
  if (setting !== undefined && !/^[A-Za-z_][A-Za-z0-9_$]*$/.test(setting)) {
    throw new TypeError(`"tenant" needs "setting": "${setting}" cannot be the name of a PostgreSQL setting.`)
  }
}

/** @throws TypeError for a path that could be read in two ways */
export function checkedBasePath(path = ''): string {
  const trimmed = path.replace(/\/+$/, '')
  if (trimmed === '' || /^(\/[A-Za-z0-9._~-]+)+$/.test(trimmed)) return trimmed
  throw new TypeError(
    `"basePath" is a path like /admin/audit, of letters, digits and . _ ~ -; "${path}" is not.`,
  )
}
