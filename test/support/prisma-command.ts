import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { delimiter, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { runPrismaInProcess } from './prisma-process.ts'

export type PrismaOptions = {
  /** What stands on stdin, which then ends; nothing by default. */
  readonly input?: string
  /** On top of the environment of the tests; `undefined` takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** `true`: must exit with another code than 0; `'allow'`: any code. */
  readonly expectFailure?: boolean | 'allow'
  /** File permissions hold, also where the tests run as root: it keeps its files and loses its power over modes. */
  readonly obeysPermissions?: boolean
  /** A session of its own, so that there is no controlling terminal even where the tests have one. */
  readonly withoutTerminal?: boolean
  /** For a command that does not end by itself: it is ended when its output so far is as wanted. */
  readonly endWhen?: (output: string) => boolean
}

/** Without colours. */
export type PrismaResult = { readonly stdout: string; readonly stderr: string; readonly exitCode: number }

/**
 * Runs `prisma <args>` of this repository in `dir`: the real command-line tool, in a process of its own where `options` ask for what only
 * that has, and else in one that may have run it before (`prisma-process.ts`).
 *
 * @throws Error with the whole output when the exit code is not what `expectFailure` says.
 */
export async function runPrisma(
  repository: string,
  dir: string,
  args: readonly string[],
  options: PrismaOptions,
): Promise<PrismaResult> {
  const env = environment(repository, options.env)
  const { input, obeysPermissions, withoutTerminal, endWhen } = options
  const { stdout, stderr, exitCode } =
    input || obeysPermissions || withoutTerminal || endWhen
      ? await runAlone(repository, dir, args, { ...options, env })
      : await runPrismaInProcess({ args, cwd: dir, env })
  const result = { stdout: plain(stdout), stderr: plain(stderr), exitCode }
  const expected = options.expectFailure ?? false
  if (expected !== 'allow' && expected !== (result.exitCode !== 0)) {
    throw new Error(
      `prisma ${args.join(' ')} exited with ${exitCode}${expected ? ', and should have failed' : ''}\n${result.stdout}\n${result.stderr}`,
    )
  }
  return result
}

async function runAlone(
  repository: string,
  dir: string,
  args: readonly string[],
  { input = '', env, ...options }: PrismaOptions,
): Promise<PrismaResult> {
  const command = [process.execPath, join(repository, 'node_modules/prisma/build/index.js'), ...args]
  const isRoot = process.getuid?.() === 0
  const [program = '', ...rest] =
    options.obeysPermissions && isRoot ? [...WITHOUT_POWER_OVER_MODES, ...command] : command
  const child = spawn(program, rest, {
    cwd: dir,
    env: { ...env },
    stdio: 'pipe',
    detached: options.withoutTerminal ?? false,
  })
  endWhen(child, options.endWhen)
  // A command that fails early does not read its input.
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  const [stdout, stderr, [exitCode]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ])
  return { stdout, stderr, exitCode: Number(exitCode ?? -1) }
}

/** Linux' own tool; another root than Linux' is not known to run tests. */
const WITHOUT_POWER_OVER_MODES = ['setpriv', '--bounding-set', '-dac_override,-dac_read_search']

function endWhen(child: ChildProcessWithoutNullStreams, isWanted: PrismaOptions['endWhen']): void {
  if (!isWanted) return
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString()
      if (isWanted(plain(output))) child.kill()
    })
  }
}

/** Prisma offline and quiet, with the schema engine and the generator of this repository. */
function environment(repository: string, extra: PrismaOptions['env']): NodeJS.ProcessEnv {
  const { CI: _, VITEST: __, ...inherited } = process.env
  const env: Record<string, string | undefined> = {
    PRISMA_SCHEMA_ENGINE_BINARY: join(repository, 'tooling/schema-engine/schema-engine.js'),
    ...inherited,
    PATH: [join(repository, 'node_modules/.bin'), process.env.PATH].join(delimiter),
    CHECKPOINT_DISABLE: '1',
    PRISMA_HIDE_UPDATE_MESSAGE: '1',
    NO_COLOR: '1',
    ...extra,
  }
  return Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined))
}

function plain(output: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours begin with the control character ESC
  return output.replace(/\u001b\[[0-9;]*[A-Za-z]/g, '')
}
