import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { basename, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  createPrismaProject,
  type MigrationDirectory,
  type PrismaProject,
} from '../../support/prisma-project.ts'
import { type TestDatabase, useTestDatabase } from '../../support/test-database.ts'
import { readySentence, startProgram, stopProgram } from './program.ts'

const repository = fileURLToPath(new URL('../../..', import.meta.url))
const made = ['node_modules', 'generated', 'dist', '.next', 'next-env.d.ts', 'tsconfig.tsbuildinfo']
/** Whether a file or folder of an example, by its name, is what git keeps of it. */
const isSource = (name: string) => !made.includes(name)

/** One of `examples/`, copied and running, as `pnpm start` runs it there. */
export interface Example {
  readonly database: TestDatabase
  /** What the program says when it is ready: a server its address. Known when the tests run. */
  readonly ready: string
}

export interface ExampleOptions {
  /** The sentence that says it; its group is taken, where there is one. */
  readonly sentence?: RegExp
  /** For a bundler that compiles nothing outside of the work tree: the copy is made inside, in a folder that git ignores. */
  readonly insideWorkTree?: boolean
}

/**
 * Copies an example, starts it on a free port with an empty database, and ends it after the tests. Registers the tests
 * that every example must pass.
 */
export async function useExample(name: string, options: ExampleOptions = {}): Promise<Example> {
  const source = join(repository, 'examples', name)
  const database = await useTestDatabase()
  let project: PrismaProject
  let committed: MigrationDirectory[]
  let program: ChildProcess
  let ready: string

  beforeAll(async () => {
    project = await copyOf(source, database.url, options.insideWorkTree ?? false)
    committed = await project.migrationFiles()
    program = startProgram(source, project.dir, database.url)
    ready = await readySentence(program, options.sentence ?? /^Listening on (http\S+)$/)
  }, 300_000)

  afterAll(async () => {
    await stopProgram(program)
    project?.cleanup()
  })

  // Where git does not look generate would write nothing anyway. check-committed.test.ts holds every example against its schema.
  if (!options.insideWorkTree) {
    test('the committed migrations hold all that the example asks for: generate wrote nothing', async () => {
      expect(committed.map(({ files }) => files)).toEqual([['migration.sql'], ['down.sql', 'migration.sql']])
      expect(await project.migrationFiles()).toEqual(committed)
    })
  }

  test('a run leaves every file of the example as it is', () => {
    const files = sourceFiles(source)
    expect(files).toContain('package.json')
    const textIn = (folder: string) => files.map((file) => [file, readFileSync(join(folder, file), 'utf8')])
    expect(textIn(project.dir)).toEqual(textIn(source))
  })

  test('the example type-checks against the modules generated from its schema', async () => {
    await giveTsconfig(source, project)
    const compiler = join(repository, 'node_modules/.bin/tsc')
    const child = spawn(compiler, ['-p', project.dir, '--noEmit', '--pretty', 'false'], { cwd: project.dir })
    expect(await text(child.stdout)).toBe('')
    expect(child.exitCode ?? (await once(child, 'close'))[0]).toBe(0)
  })

  return {
    database,
    get ready() {
      return ready
    },
  }
}

async function copyOf(source: string, databaseUrl: string, inside: boolean): Promise<PrismaProject> {
  const schema = readFileSync(join(source, 'prisma/schema.prisma'), 'utf8')
  const where = inside ? { parent: join(repository, 'examples/generated'), git: false } : {}
  const project = await createPrismaProject({ schema, databaseUrl, ...where })
  cpSync(source, project.dir, { recursive: true, filter: (path) => isSource(basename(path)) })
  rmSync(join(project.dir, 'node_modules'))
  symlinkSync(join(source, 'node_modules'), join(project.dir, 'node_modules'), 'dir')
  return project
}

function sourceFiles(folder: string): string[] {
  const entries = readdirSync(folder, { withFileTypes: true }).filter(({ name }) => isSource(name))
  return entries.flatMap((entry) => {
    const inside = entry.isDirectory() ? sourceFiles(join(folder, entry.name)) : ['']
    return inside.map((file) => join(entry.name, file))
  })
}

/** An example without options of its own for TypeScript compiles with those of this repository. */
async function giveTsconfig(source: string, project: PrismaProject): Promise<void> {
  if (existsSync(join(source, 'tsconfig.json'))) return
  const base = JSON.parse(readFileSync(join(repository, 'tsconfig.base.json'), 'utf8'))
  const files = readdirSync(source).filter((name) => name.endsWith('.ts'))
  await project.write('tsconfig.json', JSON.stringify({ compilerOptions: base.compilerOptions, files }))
}
