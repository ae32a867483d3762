const { createHash } = require('node:crypto')
const { existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } = require('node:fs')
const Module = require('node:module')
const { dirname, join } = require('node:path')
const vm = require('node:vm')

/**
 * Loaded before each program of the tests (`node --require`): it has Prisma's command line, and what loads Prisma's configuration, start
 * in half the time, and changes nothing of what they do.
 *
 * - What a large file was compiled to is kept for the next start. The command line is such a file.
 * - `effect`, of which `@prisma/config` needs a little and loads five hundred files, is one file here, made by `programs.ts`.
 */
const folder = join(__dirname, '../../node_modules/.cache/prisma-audit-tests')
const LARGE = 500_000

const compile = Module.prototype._compile
Module.prototype._compile = function (content, filename, format, ...others) {
  const isScript = format === undefined || format === 'commonjs'
  if (content.length < LARGE || !isScript) return compile.call(this, content, filename, format, ...others)
  const { script, keep } = compileCached(content, filename)
  if (keep !== undefined) process.once('exit', keep)
  const run = script.runInThisContext()
  return run.call(
    this.exports,
    this.exports,
    Module.createRequire(filename),
    this,
    filename,
    dirname(filename),
  )
}

const load = Module._load
Module._load = function (request, parent, isMain) {
  const isOfConfig = request === 'effect' && parent?.filename?.includes('@prisma/config')
  const bundle = isOfConfig ? bundleOf(Module._resolveFilename(request, parent)) : undefined
  return load.call(this, bundle !== undefined && existsSync(bundle) ? bundle : request, parent, isMain)
}

/** Where a module is kept with all that it loads, as one file. */
function bundleOf(filename) {
  return join(folder, `${hash(filename)}.cjs`)
}

/** @returns the script, and, where nothing was kept yet, what keeps it with all of it that has been compiled until then */
function compileCached(content, filename) {
  const { mtimeMs, size } = statSync(filename)
  const file = join(folder, hash(`${process.version} ${process.arch} ${filename} ${mtimeMs} ${size}`))
  const cachedData = read(file)
  const script = new vm.Script(Module.wrap(content.replace(/^#!.*/, '')), {
    filename,
    cachedData,
    importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  })
  if (cachedData !== undefined && !script.cachedDataRejected) return { script }
  return { script, keep: () => write(file, script.createCachedData()) }
}

function hash(text) {
  return createHash('sha256').update(text).digest('hex').slice(0, 32)
}

function read(file) {
  try {
    return readFileSync(file)
  } catch {
    return undefined
  }
}

/** Whoever reads it meanwhile reads all of it or nothing. Where it cannot be written, there is none. */
function write(file, data) {
  try {
    mkdirSync(folder, { recursive: true })
    writeFileSync(`${file}.${process.pid}`, data)
    renameSync(`${file}.${process.pid}`, file)
  } catch {}
}

module.exports = { bundleOf, compileCached }
