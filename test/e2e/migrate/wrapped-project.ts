import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { delimiter, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { stripVTControlCharacters } from 'node:util'
import { expect, onTestFinished } from 'vitest'
import { compileProject } from '../../../packages/generator/test/compile/compile-project.ts'
import { runInProcess } from '../../support/command-process.ts'
import {
  createPrismaProject,
  type PrismaProject,
  type PrismaProjectOptions,
} from '../../support/prisma-project.ts'
import {
  createDatabase,
  createTemplate,
  type Template,
  type TestDatabase,
} from '../../support/test-database.ts'

const repository = fileURLToPath(new URL('../../..', import.meta.url))

export interface WrapperResult {
  readonly stdout: string
  readonly stderr: string
  readonly exitCode: number
}

export interface WrapperOptions {
  /** A terminal, and what is typed: each text as soon as the output holds its question. */
  readonly answers?: readonly { readonly when: string; readonly type: string }[]
  /** Sent when the output holds the text. */
  readonly signal?: { readonly when: string; readonly name: NodeJS.Signals }
  readonly onOutput?: (output: string) => void
  /** To send it a signal when something else than its output says so. */
  readonly onStart?: (kill: (name: NodeJS.Signals) => void) => void
  /** Over the usual ones; `undefined` takes one away. */
  readonly env?: Readonly<Record<string, string | undefined>>
}

export interface WrappedProject {
  readonly database: TestDatabase
  readonly project: PrismaProject
  /** `prisma-generator-audit <args>` in the project; whatever the exit code. */
  audit(args: readonly string[], options?: WrapperOptions): Promise<WrapperResult>
  /** Writes the schema's models below its fixed head. */
  models(text: string): Promise<void>
}

const HEAD = `generator audit {
  provider        = "prisma-generator-audit"
  output          = "../generated/audit"
  sessionSettings = ["username String"]
}

datasource db {
  provider = "postgresql"
}

`

type Options = Omit<PrismaProjectOptions, 'schema' | 'databaseUrl'> & {
  readonly template?: Promise<Template>
}

type WhenDone = (clean: () => Promise<void>) => void

/** A project and a database, empty or from a template, which go with the test, or when `whenDone` has them go. */
export async function wrappedProject(
  models: string,
  { template, ...options }: Options = {},
  whenDone: WhenDone = onTestFinished,
): Promise<WrappedProject> {
  const database = await createDatabase({ template })
  const project = await createPrismaProject({ ...options, schema: HEAD + models, databaseUrl: database.url })
  whenDone(async () => {
    project.cleanup()
    await database.drop()
  })
  return {
    database,
    project,
    audit: (args, wrapper = {}) => runWrapper(project.dir, database.url, args, wrapper),
    models: (text) => project.write('prisma/schema.prisma', HEAD + text),
  }
}

/** A project whose tables and audit are in one migration, and applied: prepared once for each pair of texts. */
export async function installedProject(
  models: string,
  tables: string,
  whenDone?: WhenDone,
): Promise<WrappedProject> {
  const schema = HEAD + models
  const draft = { '20240101000000_init': tables }
  const { migration, text: problems } = await compileProject(schema, draft, { draft: '20240101000000_init' })
  if (migration === undefined) throw new Error(`no audit part:\n${problems}`)
  const migrations = { '20240101000000_init': migration.file }
  const template = createTemplate(`wrapper ${schema} ${tables}`, async (databaseUrl) => {
    const project = await createPrismaProject({ schema, migrations, databaseUrl })
    await project.prisma(['migrate', 'deploy'])
    project.cleanup()
  })
  return wrappedProject(models, { migrations, template }, whenDone)
}

/** What Prisma, `generate` and the wrapper say once there is nothing left to do. */
export async function expectSettled({ project, audit }: WrappedProject): Promise<void> {
  const before = await project.migrationFiles()
  const dev = await project.prisma(['migrate', 'dev'])
  expect(dev.stdout).toContain('Already in sync, no schema change or pending migration was found.')
  const to = ['--to-schema', project.schemaPath, '--exit-code']
  const diff = await project.prisma(['migrate', 'diff', '--from-config-datasource', ...to])
  expect(diff.stdout.trim()).toBe('No difference detected.')
  expect((await project.prisma(['migrate', 'status'])).stdout).toContain('Database schema is up to date!')
  expect((await project.prisma(['generate'])).stdout).not.toContain('audit: wrote')
  const check = await audit(['check'])
  expect([check.exitCode, check.stdout]).toEqual([0, expect.anything()])
  const status = await audit(['status'])
  expect([status.exitCode, status.stdout, status.stderr]).toEqual([0, expect.anything(), ''])
  const complete = await audit(['verify', '--live'])
  expect([complete.exitCode, complete.stdout]).toEqual([
    0,
    expect.stringContaining('audit: no write is missed'),
  ])
  expect(await project.migrationFiles()).toEqual(before)
}

export interface Writer {
  /** Of writes that were refused. */
  readonly errors: string[]
  /** Resolves when it has written some more. */
  next(): Promise<void>
}

/** An application that never stops writing, on open connections with prepared statements. */
export function startWriter(database: TestDatabase, ...statements: readonly string[]): Writer {
  const errors: string[] = []
  const pool = database.pool({ max: 2 })
  let isStopped = false
  let rounds = 0
  const run = async () => {
    const client = await pool.connect()
    while (!isStopped) {
      try {
        await client.query('BEGIN')
        await client.query("SELECT set_config('audit.username', 'writer', true)")
        for (const [index, text] of statements.entries()) await client.query({ name: `s${index}`, text })
        await client.query('COMMIT')
      } catch (error) {
        errors.push(String(error))
        await client.query('ROLLBACK')
      }
      rounds += 1
      await sleep(10)
    }
    client.release()
  }
  const writers = [run(), run()]
  onTestFinished(async () => {
    isStopped = true
    await Promise.all(writers)
  })
  return {
    errors,
    async next() {
      const target = rounds + 6
      while (rounds < target) await sleep(5)
    },
  }
}

/** `prisma-generator-audit <args>` in the folder `dir`; whatever the exit code. */
export async function runWrapper(
  dir: string,
  databaseUrl: string,
  args: readonly string[],
  { answers, signal, onOutput, onStart, env }: WrapperOptions = {},
): Promise<WrapperResult> {
  const { CI: _, VITEST: __, ...inherited } = process.env
  const commandEnv = {
    PRISMA_SCHEMA_ENGINE_BINARY: join(repository, 'tooling/schema-engine/schema-engine.js'),
    ...inherited,
    PATH: [join(repository, 'node_modules/.bin'), process.env.PATH].join(delimiter),
    CHECKPOINT_DISABLE: '1',
    PRISMA_HIDE_UPDATE_MESSAGE: '1',
    DATABASE_URL: databaseUrl,
    ...(answers === undefined ? { NO_COLOR: '1' } : { TERM: 'xterm' }),
    ...env,
  }
  const isWatched = [answers, signal, onOutput, onStart].some((each) => each !== undefined)
  if (!isWatched) return plain(await runInProcess({ args, cwd: dir, env: commandEnv }))
  const command = [
    process.execPath,
    join(repository, 'packages/generator/bin/prisma-generator-audit.js'),
    ...args,
  ]
  const [program = '', ...rest] = answers === undefined ? command : inTerminal(command)
  const child = spawn(program, rest, { cwd: dir, env: commandEnv, stdio: 'pipe' })
  onStart?.((name) => child.kill(name))
  const questions = [...(answers ?? [])]
  let output = ''
  let isSignalled = false
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += stripVTControlCharacters(chunk.toString())
      onOutput?.(output)
      const [next] = questions
      if (next !== undefined && output.includes(next.when)) {
        questions.shift()
        output = ''
        child.stdin.write(next.type)
      }
      if (signal !== undefined && !isSignalled && output.includes(signal.when)) {
        isSignalled = true
        child.kill(signal.name)
      }
    })
  }
  child.stdin.on('error', () => {})
  if (answers === undefined) child.stdin.end()
  const [stdout, stderr, [exitCode]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ])
  child.stdin.end()
  return plain({ stdout, stderr, exitCode: Number(exitCode ?? -1) })
}

function plain({ stdout, stderr, exitCode }: WrapperResult): WrapperResult {
  return { stdout: stripVTControlCharacters(stdout), stderr: stripVTControlCharacters(stderr), exitCode }
}

/** util-linux' `script` gives a command a pseudo-terminal; it is part of every Debian. */
function inTerminal(command: readonly string[]): readonly string[] {
  const quoted = command.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ')
  return ['script', '--quiet', '--return', '--command', quoted, '/dev/null']
}
