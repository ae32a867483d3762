import { createHash, randomBytes } from 'node:crypto'
import pg from 'pg'

/** Where one run's databases live: a server, and the prefix that keeps its names apart from other runs'. */
export type DatabaseHost = { readonly url: string; readonly prefix: string }

/** A prepared database that others are copied from; made by `createTemplate`. */
export type Template = { readonly databaseName: string }

export type TestDatabase = {
  readonly url: string
  readonly name: string
  /** A new pool on this database; `drop()` ends it. */
  pool(config?: pg.PoolConfig): pg.Pool
  /** Runs one statement, or several without parameters, and gives the rows of the last. */
  query<Row extends pg.QueryResultRow = pg.QueryResultRow>(sql: string, values?: unknown[]): Promise<Row[]>
  /** Ends the pools, throws out whoever is still connected, and drops the database. */
  drop(): Promise<void>
}

/** Creates a database, empty or a copy of `template`, under a name that no other run uses. */
export async function createDatabaseOn(host: DatabaseHost, template?: Template): Promise<TestDatabase> {
  const name = `${host.prefix}_${randomBytes(6).toString('hex')}`
  await administer(host.url, (admin) => createFrom(admin, name, template?.databaseName ?? 'template0'))
  const url = withDatabase(host.url, name)
  const pools: pg.Pool[] = []
  const pool = (config: pg.PoolConfig = {}): pg.Pool => {
    const made = new pg.Pool({ connectionString: url, ...config })
    // A test may kill its own connections; an idle one that dies must not end the test run.
    made.on('error', () => {})
    pools.push(made)
    return made
  }
  let own: pg.Pool | undefined
  return {
    url,
    name,
    pool,
    async query<Row extends pg.QueryResultRow>(sql: string, values?: unknown[]) {
      own ??= pool({ max: 2 })
      const result: pg.QueryResult<Row> | pg.QueryResult<Row>[] = await own.query<Row>(sql, values)
      return (Array.isArray(result) ? result.at(-1)?.rows : result.rows) ?? []
    },
    async drop() {
      await Promise.all(pools.map((each) => (each.ended ? undefined : each.end())))
      await administer(host.url, (admin) => dropDatabase(admin, name))
    },
  }
}

/**
 * Prepares a template once a run: whoever asks first runs `prepare(url)`, others wait for it, in this
 * process or another. A `prepare` that fails leaves nothing, and the next caller tries again. It must
 * close its own connections, because PostgreSQL copies only databases that nobody uses.
 */
export async function createTemplateOn(
  host: DatabaseHost,
  name: string,
  prepare: (url: string) => Promise<void>,
): Promise<Template> {
  const databaseName = `${host.prefix}_t${createHash('sha256').update(name).digest('hex').slice(0, 12)}`
  await administer(host.url, async (admin) => {
    // The lock goes with the connection.
    await admin.query('SELECT pg_advisory_lock(hashtextextended($1, 0))', [databaseName])
    const found = await admin.query('SELECT FROM pg_database WHERE datname = $1', [databaseName])
    if (found.rowCount) return
    const draft = `${databaseName}_draft`
    await dropDatabase(admin, draft)
    await createFrom(admin, draft, 'template0')
    await prepare(withDatabase(host.url, draft))
    await admin.query(`ALTER DATABASE ${quote(draft)} RENAME TO ${quote(databaseName)}`)
  })
  return { databaseName }
}

/** Drops every database whose name starts with `<prefix>_`. */
export async function dropDatabases(url: string, prefix: string): Promise<void> {
  await administer(url, async (admin) => {
    const { rows } = await admin.query<{ datname: string }>(
      'SELECT datname FROM pg_database WHERE starts_with(datname, $1) ORDER BY datname',
      [`${prefix}_`],
    )
    for (const { datname } of rows) await dropDatabase(admin, datname)
  })
}

/** Runs `work` on a connection of its own to `url`. */
export async function administer<T>(url: string, work: (admin: pg.Client) => Promise<T>): Promise<T> {
  const admin = new pg.Client({ connectionString: url })
  await admin.connect()
  try {
    return await work(admin)
  } finally {
    await admin.end()
  }
}

async function createFrom(admin: pg.Client, name: string, template: string): Promise<void> {
  await admin.query(`CREATE DATABASE ${quote(name)} TEMPLATE ${quote(template)} ENCODING 'UTF8'`)
}

async function dropDatabase(admin: pg.Client, name: string): Promise<void> {
  await admin.query(`DROP DATABASE IF EXISTS ${quote(name)} WITH (FORCE)`)
}

function withDatabase(url: string, name: string): string {
  const changed = new URL(url)
  changed.pathname = `/${name}`
  return changed.href
}

const quote = pg.escapeIdentifier
