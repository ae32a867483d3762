// @ts-check
import pg from 'pg'
import { connectionFields } from './connection.js'
import { createDatabase } from './create-database.js'

/** Prisma's error codes for what a connection attempt can meet; anything else is "cannot be reached". */
const codes = new Map([
  ['3D000', 'P1003'],
  ['28P01', 'P1000'],
  ['28000', 'P1010'],
  ['42P04', 'P1009'],
])

/**
 * Runs `cli can-connect-to-database` or `cli create-database`.
 *
 * @param {import('./arguments.js').CommandInvocation} invocation
 * @returns {Promise<number>} the exit code. The reason of a failure goes to stderr as a JSON line; the CLI
 *   discards the first line, which is the native engine's own greeting.
 */
export async function runCommand({ command, datasource }) {
  try {
    if (command === 'can-connect-to-database') await connect(datasource.url)
    else if (command === 'create-database') await createDatabase(datasource.url)
    else throw new Error(`The schema engine has no command "${command}".`)
    return 0
  } catch (error) {
    const { message, code } = /** @type {Error & { code?: string }} */ (error)
    const fields = { message: message || String(code), error_code: codes.get(code ?? '') ?? 'P1001' }
    const line = { level: 'ERROR', target: 'schema_engine::logger', fields }
    process.stderr.write(`schema engine\n${JSON.stringify(line)}\n`)
    return 1
  }
}

/** @param {string | undefined} url */
async function connect(url) {
  const client = new pg.Client({ ...connectionFields(url), connectionTimeoutMillis: 5000 })
  await client.connect()
  await client.end()
}
