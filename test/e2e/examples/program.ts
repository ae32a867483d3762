import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

const repository = fileURLToPath(new URL('../../..', import.meta.url))

/** What `pnpm start` does in the example's folder, done in a copy of it, on a free port. */
export function startProgram(source: string, copy: string, databaseUrl: string): ChildProcess {
  const { scripts } = JSON.parse(readFileSync(join(source, 'package.json'), 'utf8'))
  const { CI: _, NODE_OPTIONS: __, VITEST: ___, NODE_ENV: ____, ...inherited } = process.env
  return spawn(scripts.start, {
    shell: true,
    detached: true,
    cwd: copy,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PRISMA_SCHEMA_ENGINE_BINARY: join(repository, 'tooling/schema-engine/schema-engine.js'),
      ...inherited,
      PATH: [join(source, 'node_modules/.bin'), process.env.PATH].join(delimiter),
      CHECKPOINT_DISABLE: '1',
      PRISMA_HIDE_UPDATE_MESSAGE: '1',
      NEXT_TELEMETRY_DISABLED: '1',
      NO_COLOR: '1',
      DATABASE_URL: databaseUrl,
      PORT: '0',
    },
  })
}

/** Waits for the sentence by which a program says that it is ready; gives the sentence's group. */
export async function readySentence({ stdout, stderr }: ChildProcess, sentence: RegExp): Promise<string> {
  if (!stdout || !stderr) throw new Error('The example has no output.')
  const errors = text(stderr)
  const lines: string[] = []
  for await (const line of createInterface({ input: stdout })) {
    lines.push(line)
    const found = sentence.exec(line)
    if (found) {
      stdout.resume()
      return found[1] ?? found[0]
    }
  }
  throw new Error(`The example ended:\n${lines.join('\n')}\n${await errors}`)
}

/** Ends the whole group: the script's shell and all that it has started. */
export async function stopProgram(program: ChildProcess | undefined): Promise<void> {
  if (program?.pid === undefined || program.exitCode !== null) return
  const closed = once(program, 'close')
  process.kill(-program.pid, 'SIGTERM')
  await closed
}
