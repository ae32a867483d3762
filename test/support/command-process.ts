import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import {
  type CommandAnswer,
  type CommandRequest,
  startWarmProcess,
  type WarmProcess,
} from './warm-process.ts'

interface Runner {
  readonly process: WarmProcess
  /** By folder: the modules that it may have loaded there. */
  readonly modules: Map<string, string>
}

const idle: Runner[] = []

/**
 * Runs `prisma-generator-audit <args>` as it is built, in a process that may have run a command before: Node, Prisma's configuration
 * loader and the parsers are loaded once for many test files, which is most of what a command costs. What cannot be seen so (a signal, a
 * terminal) is tested with the program itself.
 *
 * @returns exit code -1 where the command leaves something open, so that its own process would never end
 */
export async function runInProcess(request: CommandRequest): Promise<CommandAnswer> {
  const runner = takeRunner(request.cwd)
  const answer = await runner.process.run(request)
  idle.push(runner)
  return answer
}

/** A module is loaded once a process: one that has loaded what has changed since is of no use. */
function takeRunner(cwd: string): Runner {
  const modules = modulesIn(cwd)
  const index = idle.findIndex((runner) => (runner.modules.get(cwd) ?? modules) === modules)
  const [runner] =
    index < 0
      ? [{ process: startWarmProcess('command-runner.js'), modules: new Map<string, string>() }]
      : idle.splice(index, 1)
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
