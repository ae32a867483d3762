// @ts-check
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import * as bindings from '@prisma/schema-engine-wasm/schema_engine_bg'

const folder = dirname(createRequire(import.meta.url).resolve('@prisma/schema-engine-wasm'))

/** @type {string} */
export const engineVersion = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).version

/**
 * Loads Prisma's schema engine. The package's own entry imports its `.wasm` file as a module, which Node.js
 * does only behind a flag; so the file is compiled here and handed to the package's bindings.
 */
export function loadSchemaEngine() {
  const module = new WebAssembly.Module(readFileSync(join(folder, 'schema_engine_bg.wasm')))
  const { __wbg_set_wasm: setWasm, SchemaEngine } = /** @type {any} */ (bindings)
  const instance = new WebAssembly.Instance(module, {
    './schema_engine_bg.js': /** @type {any} */ (bindings),
  })
  const exports = /** @type {any} */ (instance.exports)
  Object.assign(globalThis, { PRISMA_WASM_PANIC_REGISTRY: { set_message: reportPanic } })
  setWasm(exports)
  exports.__wbindgen_start()
  return /** @type {typeof import('@prisma/schema-engine-wasm').SchemaEngine} */ (SchemaEngine)
}

/**
 * The engine calls this before it traps. Its state is undefined afterwards, so the process ends with the
 * native binary's exit code for a panic; Prisma's CLI then shows the message.
 *
 * @param {string} message
 */
function reportPanic(message) {
  const fields = { message, error_code: null, backtrace: '' }
  process.stderr.write(`${JSON.stringify({ level: 'ERROR', target: 'schema_engine::panic', fields })}\n`)
  process.exit(101)
}
