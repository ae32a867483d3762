// @ts-check
import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { connectAdapter } from './adapter.js'
import { connectionFields, quoteIdentifier } from './connection.js'

/**
 * The database on which migrations are replayed.
 *
 * With `shadowDatabaseUrl` it is the given one, made empty as the native engine does it: only the schemas
 * that the datasource knows (its `schemas`, else the search path) are dropped and created anew. A schema
 * that Prisma does not know, and what lies in it, is still there in the next replay.
 *
 * Without, it is a new one on the same server, dropped when the adapter is disposed of.
 *
 * @param {import('./arguments.js').Datasource} datasource
 * @param {readonly string[]} schemas the datasource's `schemas`; empty where it has none
 * @param {(failure: import('./script-error.js').ScriptError) => void} onScriptError
 */
export async function connectShadowDatabase(datasource, schemas, onScriptError) {
  if (datasource.shadowDatabaseUrl) {
    const fields = connectionFields(datasource.shadowDatabaseUrl)
    await reset(fields, schemas.length > 0 ? schemas : [fields.schema])
    const adapter = await connectAdapter(fields, onScriptError)
    return adapter
  }
  const fields = connectionFields(datasource.url)
  const database = `prisma_migrate_shadow_db_${randomUUID()}`
  await administer(fields, `CREATE DATABASE ${quoteIdentifier(database)}`)
  const adapter = await connectAdapter({ ...fields, database }, onScriptError)
  const dispose = adapter.dispose.bind(adapter)
  adapter.dispose = async () => {
    await dispose()
    await administer(fields, `DROP DATABASE IF EXISTS ${quoteIdentifier(database)} WITH (FORCE)`)
  }
  return adapter
}

/**
 * Makes each of `schemas` that exists empty, and creates none: the replayed migrations do that.
 *
 * @param {import('pg').ClientConfig & { schema: string }} fields
 * @param {readonly string[]} schemas
 */
async function reset(fields, schemas) {
  const client = new pg.Client(fields)
  await client.connect()
  try {
    const sql = 'SELECT nspname FROM pg_namespace WHERE nspname = ANY ($1) ORDER BY nspname'
    const { rows } = await client.query(sql, [schemas])
    for (const schema of rows.map(({ nspname }) => quoteIdentifier(nspname))) {
      await client.query(`DROP SCHEMA ${schema} CASCADE; CREATE SCHEMA ${schema}`)
    }
    // Prisma's record of migrations lies in the connection's schema, also when that is none of `schemas`.
    await client.query(`DROP TABLE IF EXISTS ${quoteIdentifier(fields.schema)}._prisma_migrations`)
  } finally {
    await client.end()
  }
}

/**
 * @param {import('pg').ClientConfig} fields
 * @param {string} statement
 */
async function administer(fields, statement) {
  const client = new pg.Client(fields)
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}
