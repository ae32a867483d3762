import { readFileSync, realpathSync } from 'node:fs'
import Module, { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { answerRequests } from './command-requests.js'
import cache from './program-cache.cjs'

/**
 * Runs the commands of the real Prisma CLI that it is sent, one after the other: its one file is compiled once, and evaluated anew
 * for each command, with all that it keeps in variables. A command has ended where nothing is left to wait for, or where it says so:
 * then this process ends with it.
 */
const file = realpathSync(fileURLToPath(new URL('../../node_modules/prisma/build/cli.js', import.meta.url)))
let { script, keep } = cache.compileCached(readFileSync(file, 'utf8'), file)
const evaluate = script.runInThisContext()
const exit = process.exit.bind(process)

/** Tells that the command that runs has ended; undefined while none does. */
let answer
let before

answerRequests((args, told) => {
  process.channel.unref()
  answer = (...result) => {
    keep?.()
    keep = undefined
    told(...result)
  }
  before = listening()
  process.argv = [process.execPath, file, ...args]
  process.exitCode = undefined
  const module = new Module(file)
  Object.assign(module, { filename: file, paths: Module._nodeModulePaths(dirname(file)) })
  evaluate.call(module.exports, module.exports, createRequire(file), module, file, dirname(file))
})

process.on('beforeExit', (exitCode) => {
  if (answer === undefined) return
  for (const [name, listener] of listening()) {
    if (!before.some((each) => each[0] === name && each[1] === listener)) process.off(name, listener)
  }
  process.channel.ref()
  answer(exitCode)
  answer = undefined
})

process.exit = (exitCode = process.exitCode ?? 0) => {
  answer?.(exitCode, true, () => exit(exitCode))
  answer = undefined
  throw new Ended('the command has ended')
}
/** Keeps what stands behind an exit from running. */
class Ended extends Error {}

process.on('uncaughtException', (error) => {
  if (error instanceof Ended || answer === undefined) return
  process.stderr.write(`${error?.stack ?? error}\n`)
  process.exit(1)
})

function listening() {
  return process.eventNames().flatMap((name) => process.rawListeners(name).map((each) => [name, each]))
}
