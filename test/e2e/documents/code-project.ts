import { execFile } from 'node:child_process'
import { mkdirSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { runAudit } from '../../support/audit-command.ts'
import { type AuditedProject, useProject } from '../main-path/audited-project.ts'
import { type Block, blocksOf } from './blocks.ts'
import { importsOfPage } from './continued.ts'
import { exampleOf } from './example-code.ts'
import { documents, repository } from './pages.ts'
import { runner, surroundings } from './surroundings.ts'

const recipes = 'docs/recipes/README.md'

export interface Source {
  readonly block: Block
  /** In the project. */
  readonly path: string
  readonly code: string
}

export interface CodeProject extends AuditedProject {
  readonly blocks: readonly Block[]
  /** The blocks of TypeScript that are compiled, each as a file. */
  readonly sources: readonly Source[]
  /** Runs a program of Node in the project. */
  run(args: readonly string[]): Promise<{ readonly code: number; readonly output: string }>
}

/** A project with the schema of the recipes, in which every block of TypeScript is a file, and a database with its audit. */
export async function useCodeProject(): Promise<CodeProject> {
  const blocks = documents.flatMap(blocksOf)
  const ofRecipes = (language: string) =>
    blocks.find(({ page, language: own }) => page === recipes && own === language)?.code ?? ''
  // The chapter on waivers is run, too, which the shop has no use for.
  const schema = ofRecipes('prisma').replace(
    'sessionSettings',
    'captureWaiverRole = "pg_maintain"\n  sessionSettings',
  )
  const audited = await useProject({ schema })
  const { project, database } = audited
  const sources = blocks
    .filter((block) => block.language === 'ts' && exampleOf(block) === undefined)
    .map((block) => ({ block, path: pathOf(block), code: block.code }))
  await project.write('audit.ts', ofRecipes('ts'))
  await project.write('surroundings.ts', surroundings)
  await project.write('runner.ts', runner)
  for (const source of sources) {
    const page = sources.filter(({ block }) => block.page === source.block.page)
    await project.write(source.path, `${importsOfPage(source, page)}${source.code}\nexport {}\n`)
  }
  for (const [name, folder] of Object.entries(OF_PACKAGES)) {
    link(join(repository, folder), join(project.dir, 'pages/node_modules', name))
  }
  for (const page of new Set(sources.map(({ block }) => block.page))) await furnish(audited, page)
  await project.prisma(['db', 'push'])
  await project.prisma(['generate'])
  const installed = await runAudit(project.dir, ['install'], { DATABASE_URL: database.url })
  if (installed.exitCode !== 0) throw new Error(installed.stdout + installed.stderr)
  return { ...audited, blocks, sources, run: (args) => run(audited, args) }
}

/** What the documents import and the repository's root does not. */
const OF_PACKAGES = {
  'prisma-audit-viewer': 'packages/viewer',
  '@prisma/extension-read-replicas': 'packages/client-extension/node_modules/@prisma/extension-read-replicas',
  hono: 'packages/viewer/node_modules/hono',
  express: 'packages/viewer/node_modules/express',
  '@types/express': 'packages/viewer/node_modules/@types/express',
  fastify: 'packages/viewer/node_modules/fastify',
}

function link(target: string, path: string): void {
  mkdirSync(dirname(path), { recursive: true })
  symlinkSync(target, path, 'dir')
}

const folderOf = (page: string) => `pages/${page.replaceAll(/[/.]/g, '-')}`

/** A file of the page's own folder where the block says which; one beside the others where it does not. */
const pathOf = (block: Block) =>
  `${folderOf(block.page)}/${block.file ?? `src/line-${String(block.line).padStart(4, '0')}.ts`}`

/** What the code of a page finds beside itself: what is generated, and in recipes the client. */
async function furnish({ project }: AuditedProject, page: string): Promise<void> {
  for (const folder of [folderOf(page), `${folderOf(page)}/src`]) {
    link(join(project.dir, 'generated'), join(project.dir, folder, 'generated'))
    const up = folder
      .split('/')
      .map(() => '..')
      .join('/')
    if (dirname(page) === 'docs/recipes')
      await project.write(`${folder}/audit.ts`, `export * from '${up}/audit.ts'\n`)
  }
  // What `prisma generate` writes where the audit tables are in `public`.
  await project.write(
    `${folderOf(page)}/src/prisma/audit-tables.ts`,
    'export const auditTables: string[] = []\n',
  )
}

function run({ project, database }: AuditedProject, args: readonly string[]) {
  const { VITEST: _, VITEST_POOL_ID: __, VITEST_WORKER_ID: ___, ...env } = process.env
  const options = {
    cwd: project.dir,
    env: { ...env, NO_COLOR: '1', DATABASE_URL: database.url, HISTORY_URL: database.url },
    maxBuffer: 2 ** 26,
  }
  return new Promise<{ readonly code: number; readonly output: string }>((resolve) => {
    execFile(process.execPath, args, options, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : 1, output: stdout + stderr })
    })
  })
}

export const tsc = join(repository, 'node_modules/typescript/bin/tsc')
export const tsx = import.meta.resolve('tsx')
