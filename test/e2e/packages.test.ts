import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createDatabase, type TestDatabase } from '../support/test-database.ts'
import { commonjsConsumer, esmConsumer } from './packages/consumers.ts'
import { type Installation, installPacked } from './packages/install.ts'

const tool = (name: string) => fileURLToPath(new URL(`../../node_modules/.bin/${name}`, import.meta.url))
const applications = { esm: esmConsumer, commonjs: commonjsConsumer }
let installed: Installation
let databases: Record<keyof typeof applications, TestDatabase>

/** The path that users go: install, generate, deploy, compile. */
beforeAll(async () => {
  databases = { esm: await createDatabase(), commonjs: await createDatabase() }
  installed = await installPacked(applications)
  for (const folder of ['esm', 'commonjs'] as const) {
    const env = { DATABASE_URL: databases[folder].url }
    await installed.run(folder, 'prisma', ['generate'], env)
    await installed.run(folder, 'prisma', ['migrate', 'deploy'], env)
    await installed.run(folder, 'tsc', ['-p', '.'], env)
  }
}, 300_000)

afterAll(async () => {
  await installed?.remove()
  for (const database of Object.values(databases)) await database.drop()
})

test('installed from the tarballs, an ES module application with prisma-client writes audited rows', async () => {
  const env = { DATABASE_URL: databases.esm.url }
  expect(JSON.parse(await installed.run('esm', 'node', ['dist/main.js'], env))).toEqual({
    refused: 'AU001',
    history: [{ operation: 'I', username: 'ann', text: 'from ES modules' }],
  })
})

test('installed from the tarballs, a CommonJS application with prisma-client-js passes its tests in Jest', async () => {
  const env = { DATABASE_URL: databases.commonjs.url }
  const rootDir = ['--rootDir', join(installed.dir, 'commonjs')]
  await installed.run('commonjs', 'jest', [...rootDir, 'test/note-service.test.js'], env)
})

test('installed from the tarballs, the command line checks its project', async () => {
  const agree = 'audit: 1 audited model and 2 migrations agree.\n'
  expect(await installed.run('esm', 'prisma-generator-audit', ['check'])).toBe(agree)
  const { version }: { version: string } = JSON.parse(
    await readFile(join(installed.dir, 'node_modules/prisma-generator-audit/package.json'), 'utf8'),
  )
  expect(await installed.run('.', 'prisma-generator-audit', ['--version'])).toBe(`${version}\n`)
})

test('installed from the tarballs, the viewer shows the history of the application', async () => {
  const url = databases.esm.url
  const program = `
    import { createAuditViewer } from 'prisma-audit-viewer'
    import { toNodeHandler } from 'prisma-audit-viewer/node'
    const viewer = createAuditViewer({ connectionString: process.env.DATABASE_URL, authorize: () => true })
    const response = await viewer(new Request('http://localhost/api/activity'))
    const { entries } = await response.json()
    console.log(typeof toNodeHandler, entries[0].operation, entries[0].settings.username)`
  const args = ['--input-type=module', '--eval', program]
  expect(await installed.run('esm', 'node', args, { DATABASE_URL: url })).toBe('function I ann\n')
  const commonjs = `const { createAuditViewer } = require('prisma-audit-viewer')
    console.log(typeof createAuditViewer)`
  expect(await installed.run('commonjs', 'node', ['--no-warnings', '--eval', commonjs])).toBe('function\n')
  expect(await installed.run('esm', 'prisma-audit-viewer', ['--help'])).toContain('--no-open')
})

const modes = [
  ['node16', 'node16'],
  ['nodenext', 'nodenext'],
  ['preserve', 'bundler'],
  ['esnext', 'bundler'],
] as const
test.each(modes)(
  'with module %s and its resolution %s both applications type-check',
  async (module, mode) => {
    for (const folder of ['esm', 'commonjs']) {
      const options = ['--module', module, '--moduleResolution', mode, '--noEmit', '--pretty', 'false']
      expect(await installed.run(folder, 'tsc', ['-p', '.', ...options])).toBe('')
    }
  },
)

test.each([
  ['generator', ['--profile', 'esm-only']],
  ['client-extension', []],
  ['viewer', ['--profile', 'esm-only']],
] as const)('publint and attw find nothing wrong with the packed %s', async (name, profile) => {
  const tarball = installed.tarballs[name]
  expect(await installed.run('.', tool('publint'), ['run', tarball, '--strict'])).toContain('All good!')
  // attw exits with 1 for every problem that the profile does not leave out.
  await installed.run('.', tool('attw'), [tarball, '--format', 'ascii', '--no-color', ...profile])
})
