import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { constants } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { ProjectNotFoundError } from './project-not-found-error.ts'

export interface PrismaRun {
  /** 128 and the signal's number, where a signal ended it. */
  readonly exitCode: number
  /** Empty where it was shown only. */
  readonly stdout: string
  readonly stderr: string
  /** Somebody asked this process to end meanwhile: nothing more should be begun. */
  readonly isInterrupted: boolean
}

/**
 * Runs the project's own `prisma` with this process' terminal: prompts, colours and input pass through. Only its
 * stderr takes a turn by way of this process, for the codes of its errors.
 *
 * @param output `hidden`: nothing is shown, and nothing can be asked
 * @throws ProjectNotFoundError where no `prisma` is installed
 */
export async function runPrisma(
  args: readonly string[],
  cwd: string,
  output: 'shown' | 'hidden' = 'shown',
): Promise<PrismaRun> {
  const isShown = output === 'shown'
  const child = spawn(process.execPath, [findPrisma(cwd), ...args], {
    cwd,
    env: { ...process.env, PATH: pathWithBinaries(cwd) },
    stdio: isShown ? ['inherit', 'inherit', 'pipe'] : ['ignore', 'pipe', 'pipe'],
  })
  const signals = forwardSignals(child)
  const stdout = collect(child.stdout)
  const stderr = collect(child.stderr, isShown ? process.stderr : undefined)
  try {
    const [code, signal]: (number | NodeJS.Signals | null)[] = await once(child, 'close')
    const ended = typeof signal === 'string' ? 128 + constants.signals[signal] : 1
    const isInterrupted = signals.received !== undefined || typeof signal === 'string'
    return {
      exitCode: typeof code === 'number' ? code : ended,
      stdout: stdout(),
      stderr: stderr(),
      isInterrupted,
    }
  } finally {
    signals.stop()
  }
}

/** The file that `npx prisma` runs: the one that the project has installed. */
function findPrisma(cwd: string): string {
  try {
    const manifest = createRequire(join(cwd, 'package.json')).resolve('prisma/package.json')
    const { bin }: { bin: string | Record<string, string> } = JSON.parse(readFileSync(manifest, 'utf8'))
    return join(dirname(manifest), typeof bin === 'string' ? bin : (bin.prisma ?? ''))
  } catch (error) {
    throw new ProjectNotFoundError(
      `The package "prisma" is not installed here. Start the command in the project's folder, or run: npm install --save-dev prisma`,
      { cause: error },
    )
  }
}

/** Prisma finds generators and seed commands by PATH only. */
function pathWithBinaries(cwd: string): string {
  const folders: string[] = []
  for (let at = cwd; ; at = dirname(at)) {
    const folder = join(at, 'node_modules', '.bin')
    if (existsSync(folder)) folders.push(folder)
    if (dirname(at) === at) break
  }
  return [...folders, process.env.PATH ?? ''].join(delimiter)
}

/**
 * While Prisma runs, it decides what a signal means; this process waits for it. Ctrl-C in a terminal reaches both by
 * itself.
 */
function forwardSignals(child: ChildProcess) {
  const state: { received?: NodeJS.Signals } = {}
  const handlers = (['SIGINT', 'SIGTERM', 'SIGHUP'] as const).map((signal) => {
    const handler = () => {
      state.received = signal
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal)
    }
    process.on(signal, handler)
    return { signal, handler }
  })
  return {
    get received() {
      return state.received
    },
    stop: () => {
      for (const { signal, handler } of handlers) process.off(signal, handler)
    },
  }
}

function collect(stream: NodeJS.ReadableStream | null, shown?: NodeJS.WritableStream): () => string {
  const chunks: Buffer[] = []
  stream?.on('data', (chunk: Buffer) => {
    chunks.push(chunk)
    shown?.write(chunk)
  })
  return () => stripVTControlCharacters(Buffer.concat(chunks).toString('utf8'))
}
