import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, onTestFinished, test, vi } from 'vitest'
import { createDatabase } from '../support/test-database.ts'

vi.setConfig({ testTimeout: 600_000 })

const repository = fileURLToPath(new URL('../..', import.meta.url))
const exec = promisify(execFile)

interface Block {
  readonly language: string
  readonly text: string
  /** The file that the line above it names. */
  readonly file: string | undefined
}

/** The blocks of the page's first part, in their order. */
async function blocksOf(page: string): Promise<readonly Block[]> {
  const [text = ''] = (await readFile(join(repository, page), 'utf8')).split('\n# A project with data')
  return [...text.matchAll(/(?:^`([\w./]+)`[^\n]*:\n\n)?^```(\w+)\n([\s\S]*?)^```$/gm)].map(
    ([, file, language = '', body = '']) => ({ language, text: body, file }),
  )
}

/** What npm would find under the packages' names once they are published. */
async function tarballs(into: string): Promise<Readonly<Record<string, string>>> {
  const packed = Object.entries({
    'prisma-generator-audit': 'generator',
    'prisma-extension-audit': 'client-extension',
    'prisma-audit-viewer': 'viewer',
  }).map(async ([name, folder]) => {
    const target = join(into, folder)
    await exec('npx', ['--yes', 'pnpm@10.34.9', 'pack', '--pack-destination', target], {
      cwd: join(repository, 'packages', folder),
    })
    const [tarball = ''] = await readdir(target)
    return [name, join(target, tarball)] as const
  })
  return Object.fromEntries(await Promise.all(packed))
}

test('the quick start, word by word: from npm init to both changes in the page', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'prisma-audit-quick-start-'))
  const database = await createDatabase()
  onTestFinished(async () => {
    await rm(folder, { recursive: true, force: true })
    await database.drop()
  })
  const project = join(folder, 'shop')
  await mkdir(project)
  const packed = await tarballs(join(folder, 'packed'))
  const {
    CI: _,
    NODE_OPTIONS: __,
    VITEST: ___,
    NODE_ENV: ____,
    npm_config_user_agent: _____,
    ...inherited
  } = process.env
  const env = {
    PRISMA_SCHEMA_ENGINE_BINARY: join(repository, 'tooling/schema-engine/schema-engine.js'),
    ...inherited,
    DATABASE_URL: database.url,
    CHECKPOINT_DISABLE: '1',
    PRISMA_HIDE_UPDATE_MESSAGE: '1',
    NO_COLOR: '1',
    PATH: [join(project, 'node_modules/.bin'), process.env.PATH].join(delimiter),
  }
  const shell = (line: string) => exec('bash', ['-c', line], { cwd: project, env, maxBuffer: 2 ** 26 })
  let link: URL | undefined
  let history: unknown
  for (const { language, text, file } of await blocksOf('docs/quick-start.md')) {
    if (file !== undefined) {
      await mkdir(dirname(join(project, file)), { recursive: true })
      await writeFile(join(project, file), text)
      continue
    }
    if (language === 'sql') history = await database.query(text)
    if (language !== 'sh') continue
    for (const line of text.split('\n').filter((each) => each !== '')) {
      // The database of the page is this one.
      if (line.startsWith('export DATABASE_URL=')) continue
      if (line === 'npx prisma-audit-viewer') link = await startViewer(project, env)
      else await shell(withTarballs(line, packed))
    }
  }
  expect(history).toEqual([
    {
      audit_operation: 'I',
      audit_username: 'ann',
      audit_reason: 'refund #42',
      id: 1,
      total: '13.50',
      note: null,
    },
    {
      audit_operation: 'U',
      audit_username: 'ann',
      audit_reason: 'refund #42',
      id: 1,
      total: '0.00',
      note: 'arrived broken',
    },
  ])
  const followed = await fetch(link ?? '', { redirect: 'manual' })
  const cookie = followed.headers.get('set-cookie')?.split(';')[0] ?? ''
  const asked = await fetch(`${link?.origin}/api/activity`, { headers: { cookie } })
  expect(await asked.json()).toMatchObject({
    entries: [
      { operation: 'U', settings: { username: 'ann', reason: 'refund #42' } },
      { operation: 'I', settings: { username: 'ann', reason: 'refund #42' } },
    ],
  })
  // What the page says of a writer without a name.
  await expect(database.query(`INSERT INTO "Order" (total) VALUES (1)`)).rejects.toMatchObject({
    code: 'AU001',
    hint: expect.stringContaining('auditContext'),
  })
})

/** Not published yet: the packages come from what would be. */
function withTarballs(line: string, packed: Readonly<Record<string, string>>): string {
  if (!line.startsWith('npm install')) return line
  const words = line.split(' ').map((word) => packed[word] ?? word)
  return [...words, '--no-audit', '--no-fund', '--prefer-offline', '--ignore-scripts'].join(' ')
}

/** There is nobody to look at a browser. */
async function startViewer(cwd: string, env: NodeJS.ProcessEnv): Promise<URL> {
  const child: ChildProcess = spawn('npx', ['prisma-audit-viewer', '--no-open'], {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  })
  onTestFinished(async () => {
    if (child.pid !== undefined && child.exitCode === null) {
      process.kill(-child.pid, 'SIGTERM')
      await once(child, 'exit')
    }
  })
  let output = ''
  for await (const chunk of child.stdout ?? []) {
    output += chunk
    const [found] = /http:\S+/.exec(output) ?? []
    if (found !== undefined) return new URL(found)
  }
  throw new Error(`The viewer ended: ${output}`)
}
