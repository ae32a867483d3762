import { type ChildProcess, fork } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import type { Readable } from 'node:stream'
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

export interface WarmProcess {
  /** Runs one command in it. */
  run(request: CommandRequest): Promise<CommandAnswer>
  /** Whether it takes another one. */
  readonly isAlive: boolean
  /** Ends it, between two commands. */
  end(): void
}

/**
 * Starts a process that loads a program once and runs its commands one after the other: what a program loads is most of what a
 * short command costs.
 *
 * @param file in this folder, which answers requests by `answerRequests` of `command-requests.js`
 */
export function startWarmProcess(file: string): WarmProcess {
  const child = fork(fileURLToPath(new URL(file, import.meta.url)), {
    execArgv: [],
    env: { ...process.env, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  let isAlive = true
  return {
    async run({ args, cwd, env }) {
      hold(child, true)
      const settled = new AbortController()
      const { signal } = settled
      const mark = randomUUID()
      // Behind all that it has written.
      const end = once(child, 'close', { signal }).then(([code, by]) => {
        throw new Error(`${args.join(' ')}: its process ended with ${code ?? by}`)
      })
      const answer = Promise.all([
        untilMark(child.stdout, mark, signal),
        untilMark(child.stderr, mark, signal),
        once(child, 'message', { signal }),
      ])
      child.send({ args, cwd, env: definedOf(env), mark })
      try {
        const [stdout, stderr, [{ exitCode, isLast }]] = await Promise.race([answer, end])
        isAlive = !isLast
        return { stdout, stderr, exitCode }
      } finally {
        settled.abort()
        hold(child, false)
      }
    },
    get isAlive() {
      return isAlive
    },
    end() {
      isAlive = false
      child.disconnect()
    },
  }
}

/** What comes before the mark: the program's own output, and what programs that it started wrote there. */
function untilMark(stream: Readable | null, mark: string, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    const collect = (chunk: Buffer) => {
      chunks.push(chunk)
      const text = Buffer.concat(chunks).toString()
      // What a program says after its end (of the error that stops it there) is not said to anybody.
      const end = text.indexOf(mark)
      if (end < 0) return
      stream?.off('data', collect)
      resolve(text.slice(0, end))
    }
    stream?.on('data', collect)
    signal.addEventListener('abort', () => {
      stream?.off('data', collect)
      reject(signal.reason)
    })
  })
}

function definedOf(env: CommandRequest['env']): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  )
}

/** While it waits, this process may end, and it with it. */
function hold(child: ChildProcess, isHeld: boolean): void {
  for (const each of [child, child.channel, child.stdout as Socket | null, child.stderr as Socket | null]) {
    if (isHeld) each?.ref()
    else each?.unref()
  }
}
