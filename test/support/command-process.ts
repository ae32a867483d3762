import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export interface CommandRequest {
  readonly args: readonly string[]
  /** The folder in which it is started. */
  readonly cwd: string
  /** All that it has. */
  readonly env: Readonly<Record<string, string | undefined>>
}

export interface CommandAnswer {
  readonly stdout: string
  readonly stderr: string
  readonly exitCode: number
}

interface Runner {
  readonly process: ChildProcess
  /** By folder: the modules that it may have loaded there. */
  readonly modules: Map<string, string>
}

const idle: Runner[] = []

/**
 * Runs `prisma-generator-audit <args>` as it is built, in a process that may have run a command before: Node, Prisma's configuration
 * loader and the parsers are loaded once for a test file, which is most of what a command costs. What cannot be seen so (a signal, a
 * terminal, Prisma's own output) is tested with the program itself.
 *
 * @returns exit code -1 where the command leaves something open, so that its own process would never end
 */
export async function runInProcess({ args, cwd, env }: CommandRequest): Promise<CommandAnswer> {
  const runner = takeRunner(cwd)
  hold(runner, true)
  const answered = new AbortController()
  const answer = once(runner.process, 'message', { signal: answered.signal })
  const end = once(runner.process, 'exit', { signal: answered.signal }).then(([code, signal]) => {
    throw new Error(`${args.join(' ')}: its process ended with ${code ?? signal}`)
  })
  runner.process.send({ args, cwd, env: definedOf(env) })
  try {
    const [found] = await Promise.race([answer, end])
    idle.push(runner)
    return found
  } finally {
    answered.abort()
    hold(runner, false)
  }
}

/** A module is loaded once a process: one that has loaded what has changed since is of no use. */
function takeRunner(cwd: string): Runner {
  const modules = modulesIn(cwd)
  const index = idle.findIndex((runner) => (runner.modules.get(cwd) ?? modules) === modules)
  const [runner] = index < 0 ? [startRunner()] : idle.splice(index, 1)
  if (runner === undefined) throw new Error('no process for commands')
  runner.modules.set(cwd, modules)
  return runner
}

/** Files that a Prisma configuration is, or may import, with the time of their last change. */
function modulesIn(folder: string): string {
  return readdirSync(folder, { withFileTypes: true })
    .map((entry) => {
      const path = join(folder, entry.name)
      if (entry.isDirectory()) return NOT_LOADED.has(entry.name) ? '' : modulesIn(path)
      const isModule = entry.isFile() && /\.[cm]?[jt]s$|^\.env/.test(entry.name)
      return isModule ? `${path} ${statSync(path, { bigint: true }).mtimeNs}\n` : ''
    })
    .join('')
}

const NOT_LOADED: ReadonlySet<string> = new Set(['node_modules', '.git', 'dist'])

function definedOf(env: CommandRequest['env']): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  )
}

function startRunner(): Runner {
  const file = fileURLToPath(new URL('command-runner.js', import.meta.url))
  const env = { ...process.env, NO_COLOR: '1' }
  return {
    process: fork(file, { execArgv: [], env, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] }),
    modules: new Map(),
  }
}

/** While it waits, this process may end, and it with it. */
function hold({ process: runner }: Runner, isHeld: boolean): void {
  for (const each of [runner, runner.channel]) {
    if (isHeld) each?.ref()
    else each?.unref()
  }
}
