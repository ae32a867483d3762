// @ts-check
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils'
import { connectAdapter } from './adapter.js'
import { connectionFields } from './connection.js'
import { createDatabase } from './create-database.js'
import { asMigrationError } from './script-error.js'
import { connectShadowDatabase } from './shadow-database.js'
import { loadSchemaEngine } from './wasm.js'

/**
 * Answers JSON-RPC requests, one a line on stdin, in order, each with one line on stdout, until stdin ends.
 *
 * @param {import('./arguments.js').ServeInvocation} invocation
 */
export async function serve({ datasource, datamodels }) {
  /** @type {[string, string][]} */
  const files = datamodels.map((path) => [path, readFileSync(path, 'utf8')])
  /** @type {import('./script-error.js').ScriptError | undefined} */
  let failure
  const onScriptError = (/** @type {import('./script-error.js').ScriptError} */ found) => {
    failure = found
  }
  const factory = bindMigrationAwareSqlAdapterFactory({
    provider: 'postgres',
    adapterName: '@prisma/adapter-pg',
    connect: () => connectAdapter(connectionFields(datasource.url), onScriptError),
    connectToShadowDb: () => connectShadowDatabase(datasource, declaredSchemas(files), onScriptError),
  })
  // Made with the first request, so that a schema it refuses is an answer and not a dead process.
  const makeEngine = () =>
    loadSchemaEngine().new({ datamodels: files.length > 0 ? files : undefined }, () => {}, factory)
  /** @type {ReturnType<typeof makeEngine> | undefined} */
  let engine
  for await (const line of createInterface({ input: process.stdin })) {
    const { id, method, params } = JSON.parse(line)
    // Without a method it is the CLI's answer to a `print` request.
    if (!method) continue
    failure = undefined
    try {
      engine ??= makeEngine()
      const result = await answer(await engine, method, params)
      if (method === 'diff' && result?.stdout != null) {
        // The native engine has the CLI print a difference; the CLI ignores the result's own text.
        send({ id: `print-${id}`, method: 'print', params: { content: result.stdout } })
      }
      send({ id, result: result ?? {} })
    } catch (error) {
      send({ id, error: describe(asMigrationError(/** @type {Error} */ (error), failure)) })
    }
  }
  // Idle connections of the engine's pool would keep the process alive.
  process.exit(0)
}

/**
 * @param {any} engine
 * @param {string} method
 * @param {any} params
 */
async function answer(engine, method, params = {}) {
  if (method === 'createDatabase') return { databaseName: await createDatabase(params.datasource?.url) }
  const name = method === 'getDatabaseVersion' ? 'version' : method
  if (typeof engine[name] !== 'function') throw new Error(`The schema engine has no method "${method}".`)
  try {
    return await engine[name](params)
  } catch (error) {
    // `evaluateDataLoss` and `createMigration` read the replayed schema from a cache that only
    // `devDiagnostic` fills; once pending migrations have been applied, the cache is of an older list.
    if (!params.migrationsList || !/external factory/.test(String(error))) throw error
    await engine.devDiagnostic({ migrationsList: params.migrationsList, filters: params.filters })
    return await engine[name](params)
  }
}

/** @param {object} message */
function send(message) {
  process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)
}

/** @param {unknown} thrown */
function describe(thrown) {
  const { message, code, meta } = /** @type {Error & { code?: string, meta?: unknown }} */ (thrown)
  return {
    code: 4466,
    message: 'An error happened. Check the data field for details.',
    data: { is_panic: false, message, meta: meta ?? null, error_code: code ?? null },
  }
}

/**
 * The names in `schemas = [...]` of the datasource block.
 *
 * @param {readonly (readonly [string, string])[]} files
 */
function declaredSchemas(files) {
  for (const [, text] of files) {
    const block = /^\s*datasource\s+\w+\s*\{([^}]*)\}/m.exec(text)?.[1] ?? ''
    const list = /^\s*schemas\s*=\s*\[([^\]]*)\]/m.exec(block)?.[1]
    if (list !== undefined) return [...list.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map((match) => match[1] ?? '')
  }
  return []
}
