// @ts-check

/**
 * Turns a Prisma connection string into the fields of a `pg` configuration. Fields, and no
 * `connectionString`: in `pg` the string wins over `database`, and a shadow database named by field would
 * be the main one.
 *
 * `schema` is the one that `?schema=` names, `public` by default.
 *
 * @param {string | undefined} url
 * @returns {import('pg').ClientConfig & { schema: string }}
 */
export function connectionFields(url) {
  if (!url) throw new Error('No connection string: set datasource.url in prisma.config.ts.')
  const { hostname, port, username, password, pathname, searchParams } = new URL(url)
  const host = hostname.replace(/^\[(.*)\]$/, '$1')
  const schema = searchParams.get('schema') ?? 'public'
  return {
    host,
    port: Number(port || 5432),
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
    database: decodeURIComponent(pathname.slice(1)) || 'postgres',
    options: searchParams.get('options') ?? undefined,
    ssl: sslOf(host, searchParams),
    schema,
  }
}

/** @param {string} name */
export function quoteIdentifier(name) {
  return `"${name.replaceAll('"', '""')}"`
}

/**
 * @param {string} host
 * @param {URLSearchParams} parameters
 */
function sslOf(host, parameters) {
  if (['localhost', '127.0.0.1', '::1'].includes(host)) return false
  if (!['require', 'verify-ca', 'verify-full'].includes(parameters.get('sslmode') ?? '')) return false
  return { rejectUnauthorized: parameters.get('sslaccept') === 'strict' }
}
