import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { findMigrationsFolder } from '../../src/migration/find-migrations-folder.ts'
import { scanPrismaConfig } from '../../src/migration/scan-prisma-config.ts'

let cwd = ''
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'audit-find-'))
  for (const folder of ['prisma/migrations', 'db/changes', 'other', '.config']) {
    mkdirSync(join(cwd, folder), { recursive: true })
  }
  writeFileSync(join(cwd, 'prisma/schema.prisma'), '')
  // The project's own Prisma, as a package manager would install it.
  symlinkSync(join(import.meta.dirname, '../../../../node_modules'), join(cwd, 'node_modules'))
})
afterEach(() => rmSync(cwd, { recursive: true, force: true }))

async function find(option?: string) {
  const { dir, ...rest } = await findMigrationsFolder({
    schemaPath: join(cwd, 'prisma/schema.prisma'),
    option,
    cwd,
  })
  return { dir: dir?.slice(cwd.length + 1), ...rest }
}

test('without option and configuration the folder is beside the schema', async () => {
  expect(await find()).toEqual({ dir: 'prisma/migrations', how: 'default' })
})

test('the option wins, and is relative to the schema', async () => {
  writeFileSync(join(cwd, 'prisma.config.ts'), `export default { migrations: { path: 'other' } }`)
  expect(await find('../db/changes')).toEqual({ dir: 'db/changes', how: 'option' })
})

test('a folder that does not exist is a problem that says what to do', async () => {
  expect(await find('../none')).toEqual({
    dir: undefined,
    how: 'option',
    problem:
      'There is no migrations folder at none. Correct the generator\'s option "migrations": it is relative to the schema.',
  })
})

test('a plain path in the configuration is relative to the configuration file', async () => {
  writeFileSync(
    join(cwd, '.config/prisma.ts'),
    `import { defineConfig, env } from 'prisma/config'
export default defineConfig({ datasource: { url: env('DATABASE_URL') }, migrations: { seed: 'x', path: '../db/changes' } })`,
  )
  expect(await find()).toEqual({ dir: 'db/changes', how: 'config' })
})

test('a path that only running the configuration can tell is told, without DATABASE_URL too', async () => {
  writeFileSync(
    join(cwd, 'prisma.config.ts'),
    `import { defineConfig, env } from 'prisma/config'
const parts: string[] = ['db', 'changes']
export default defineConfig({ datasource: { url: env('DATABASE_URL') }, migrations: { path: parts.join('/') } })`,
  )
  const url = process.env.DATABASE_URL
  delete process.env.DATABASE_URL
  try {
    expect(await find()).toEqual({ dir: 'db/changes', how: 'config' })
    expect(process.env.DATABASE_URL).toBeUndefined()
  } finally {
    if (url !== undefined) process.env.DATABASE_URL = url
  }
})

test('a configuration that throws is reported, and the default folder used', async () => {
  writeFileSync(join(cwd, 'prisma.config.mjs'), `throw new Error('no such secret'); export default { ...x }`)
  const found = await find()
  expect(found.dir).toBe('prisma/migrations')
  expect(found.problem).toContain('prisma.config.mjs could not be loaded to find the migrations folder')
  expect(found.problem).toContain('no such secret')
})

test('the scan is sure of plain texts only', () => {
  const scan = (body: string) => scanPrismaConfig(`export default defineConfig({ ${body} })`)
  expect(scan(`schema: 'a'`)).toEqual({ sure: true, path: undefined })
  expect(scan(`migrations: { path: "a/b" }`)).toEqual({ sure: true, path: 'a/b' })
  expect(scan(`"schema": "s", "migrations": { "path": "a" }`)).toEqual({ sure: true, path: 'a' })
  expect(scan(`migrations: { seed: 'x' }`)).toEqual({ sure: true, path: undefined })
  expect(scan(`// migrations: { path: "a" }\n schema: 'http://x'`)).toEqual({ sure: true, path: undefined })
  for (const unsure of [
    'migrations: { path }',
    'migrations',
    '...base',
    'migrations: { path: `${a}` }',
    `migrations: { path: 'a' + b }`,
  ]) {
    expect(scan(unsure).sure).toBe(false)
  }
})
