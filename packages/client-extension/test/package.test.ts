import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'

const packageFolder = fileURLToPath(new URL('..', import.meta.url))
const repository = path.resolve(packageFolder, '../..')
const run = promisify(execFile)
let scratch: string
let tarball: string
let consumer: string

const tool = (name: string) => path.join(repository, 'node_modules/.bin', name)

/** Builds a copy with the package's own script, packs it, and installs the packed files for a consumer. */
beforeAll(async () => {
  scratch = await mkdtemp(path.join(tmpdir(), 'client-extension-'))
  const copy = path.join(scratch, 'packages/client-extension')
  await mkdir(copy, { recursive: true })
  await cp(path.join(repository, 'tsconfig.base.json'), path.join(scratch, 'tsconfig.base.json'))
  for (const name of [
    'package.json',
    'tsconfig.esm.json',
    'tsconfig.cjs.json',
    'README.md',
    'adapter-pg',
    'async-context',
    'history',
    'testing',
    'src',
  ]) {
    await cp(path.join(packageFolder, name), path.join(copy, name), { recursive: true })
  }
  await symlink(path.join(repository, 'node_modules'), path.join(scratch, 'node_modules'), 'dir')
  const env = {
    ...process.env,
    PATH: path.join(repository, 'node_modules/.bin') + path.delimiter + process.env.PATH,
  }
  await run('npm', ['run', 'build'], { cwd: copy, env })
  await run('npm', ['pack', '--pack-destination', scratch], { cwd: copy })
  const packed = (await readdir(scratch)).find((name) => name.endsWith('.tgz')) ?? ''
  tarball = path.join(scratch, packed)
  consumer = path.join(scratch, 'consumer')
  const installed = path.join(consumer, 'node_modules/prisma-extension-audit')
  await mkdir(installed, { recursive: true })
  await run('tar', ['-xzf', tarball, '-C', installed, '--strip-components', '1'])
})

afterAll(() => rm(scratch, { recursive: true, force: true }))

const check = `
const missing = ['auditContext', 'defineAuditContext', 'withAuditContext', 'AuditContextError']
  .filter((name) => typeof audit[name] !== 'function')
const error = new audit.AuditContextError('AU001', 'x')
process.stdout.write(JSON.stringify({ missing, error: error instanceof Error && error.name }))`
const good = JSON.stringify({ missing: [], error: 'AuditContextError' })

test('require() loads the CommonJS build', async () => {
  const text = `const audit = require('prisma-extension-audit')${check}
process.stdout.write(require.resolve('prisma-extension-audit').split(/[\\\\/]/).slice(-3).join('/'))`
  await writeFile(path.join(consumer, 'load.cjs'), text)
  const { stdout } = await run(process.execPath, ['load.cjs'], { cwd: consumer })
  expect(stdout).toBe(`${good}dist/cjs/index.js`)
})

test.each([
  ['adapter-pg', 'auditAdapter'],
  ['async-context', 'runWithAuditContext'],
  ['history', 'defineHistory'],
])('%s loads as ES module and as CommonJS', async (entry, name) => {
  const found = `process.stdout.write(typeof ${name})`
  await writeFile(
    path.join(consumer, `${entry}.cjs`),
    `const { ${name} } = require('prisma-extension-audit/${entry}');${found}`,
  )
  await writeFile(
    path.join(consumer, `${entry}.mjs`),
    `import { ${name} } from 'prisma-extension-audit/${entry}';${found}`,
  )
  for (const file of [`${entry}.cjs`, `${entry}.mjs`]) {
    expect((await run(process.execPath, [file], { cwd: consumer })).stdout).toBe('function')
  }
})

test('what tests use loads as ES module and as CommonJS, and needs neither Node nor Prisma', async () => {
  const found = `process.stdout.write([testContext, clearHistory].map((each) => typeof each).join())`
  const names = '{ testContext, clearHistory }'
  await writeFile(
    path.join(consumer, 'testing.cjs'),
    `const ${names} = require('prisma-extension-audit/testing');${found}`,
  )
  await writeFile(
    path.join(consumer, 'testing.mjs'),
    `import ${names} from 'prisma-extension-audit/testing';${found}`,
  )
  for (const name of ['testing.cjs', 'testing.mjs']) {
    expect((await run(process.execPath, [name], { cwd: consumer })).stdout).toBe('function,function')
  }
})

test('import loads the ES module build', async () => {
  await writeFile(path.join(consumer, 'load.mjs'), `import * as audit from 'prisma-extension-audit'${check}`)
  const { stdout } = await run(process.execPath, ['load.mjs'], { cwd: consumer })
  expect(stdout).toBe(good)
})

test('the main entry imports nothing at run time, neither node:* nor @prisma/client', async () => {
  const built = path.join(consumer, 'node_modules/prisma-extension-audit/dist')
  for (const format of ['esm', 'cjs']) {
    const files = [path.join(built, format, 'index.js')]
    for (const file of files) {
      const text = await readFile(file, 'utf8')
      for (const [, target = ''] of text.matchAll(/(?:from|require\(|import\(|import) ?['"]([^'"]+)['"]/g)) {
        expect(target, file).toMatch(/^\.\//)
        const imported = path.resolve(path.dirname(file), target)
        if (!files.includes(imported)) files.push(imported)
      }
    }
    expect(files.length).toBeGreaterThan(10)
  }
})

test('the package holds the builds, the ways in for old resolvers, package.json and README.md, and nothing else', async () => {
  const installed = path.join(consumer, 'node_modules/prisma-extension-audit')
  expect((await readdir(installed)).sort()).toEqual([
    'README.md',
    'adapter-pg',
    'async-context',
    'dist',
    'history',
    'package.json',
    'testing',
  ])
  expect((await readdir(path.join(installed, 'dist'))).sort()).toEqual(['cjs', 'esm'])
})

test('attw finds its types right for node10, node16, nodenext and bundlers', async () => {
  const { stdout } = await run(tool('attw'), [tarball, '--format', 'ascii', '--no-color'])
  expect(stdout).toContain('No problems found')
})

test('publint finds nothing to say', async () => {
  const { stdout } = await run(tool('publint'), ['run', tarball, '--strict'])
  expect(stdout).toContain('All good!')
})

test.each([
  ['node16', 'es2022'],
  ['nodenext', 'es2023'],
  ['preserve', 'es2023'],
])(
  'TypeScript with module %s compiles against it without the types of Node, Prisma or pg',
  async (module, target) => {
    const text = `import { type AuditContext, auditContext, withAuditContext, type PgClient } from 'prisma-extension-audit'
import { asyncAuditContext } from 'prisma-extension-audit/async-context'
import { defineHistory } from 'prisma-extension-audit/history'
declare const client: PgClient
const context: AuditContext = { username: 'ann' }
export const extension = auditContext(context)
export const history = defineHistory({})
export const count: Promise<number> = withAuditContext(client, context, async () => 1)
export const job: Promise<number> = asyncAuditContext({ actor: 'username' }).runAsJob('cleanup', async () => 1)
`
    for (const name of ['use.mts', 'use.cts']) await writeFile(path.join(consumer, name), text)
    const options = ['--noEmit', '--strict', '--module', module, '--target', target, '--types', '']
    await expect(
      run(tool('tsc'), [...options, 'use.mts', 'use.cts'], { cwd: consumer }),
    ).resolves.toMatchObject({ stdout: '' })
  },
)
