import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect, test } from 'vitest'
import { migrationTime } from '../../src/migration/migration-name.ts'
import { type Surroundings, writeDecision } from '../../src/migration/write-decision.ts'

const usual: Surroundings = {
  write: 'auto',
  env: {},
  isWatch: false,
  hasTerminal: true,
  insideGitWorkTree: true,
  folderWritable: true,
}

test('with a terminal or a git work tree a migration is written', () => {
  expect(writeDecision(usual).write).toBe(true)
  expect(writeDecision({ ...usual, hasTerminal: false }).write).toBe(true)
  expect(writeDecision({ ...usual, insideGitWorkTree: false }).write).toBe(true)
})

test.each([
  ['CI is set', { env: { CI: 'true' } }],
  ['CI is set', { env: { CI: '1' } }],
  ['`prisma generate` runs under --watch', { isWatch: true }],
  ['the migrations folder is read-only', { folderWritable: false }],
  ['there is neither a terminal nor a git work tree', { hasTerminal: false, insideGitWorkTree: false }],
  ['the generator says write = "never"', { write: 'never' as const }],
])('no migration is written where %s: %o', (reason, change) => {
  expect(writeDecision({ ...usual, ...change })).toEqual({ write: false, reason })
})

test('CI=false is no CI', () => {
  expect(writeDecision({ ...usual, env: { CI: 'false' } }).write).toBe(true)
})

test('write = "always" overrides everything', () => {
  const worst = {
    env: { CI: '1' },
    isWatch: true,
    hasTerminal: false,
    insideGitWorkTree: false,
    folderWritable: false,
  }
  expect(writeDecision({ ...usual, ...worst, write: 'always' }).write).toBe(true)
})

test('SOURCE_DATE_EPOCH is now', () => {
  expect(migrationTime({ SOURCE_DATE_EPOCH: '0' }).toISOString()).toBe('1970-01-01T00:00:00.000Z')
})

test('a generator below `prisma generate --watch` and a shell sees --watch', () => {
  const module = pathToFileURL(join(import.meta.dirname, '../../src/migration/prisma-command.ts')).href
  const generator = `import(${JSON.stringify(module)}).then((m) => console.log(m.findPrismaCommand()?.includes('--watch')))`
  const parent = `
    const { execFileSync } = require('node:child_process');
    const command = [process.execPath, '--import', process.env.TSX, '-e', process.env.GENERATOR]
      .map((part) => "'" + part.replaceAll("'", "'\\\\''") + "'").join(' ');
    process.stdout.write(execFileSync('/bin/sh', ['-c', command + '; true']));`
  const run = (...args: string[]) =>
    execFileSync(process.execPath, ['-e', parent, 'node_modules/.bin/prisma', 'generate', ...args], {
      encoding: 'utf8',
      env: { ...process.env, TSX: import.meta.resolve('tsx'), GENERATOR: generator },
    }).trim()
  expect([run('--watch'), run()]).toEqual(['true', 'false'])
})
