import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { findSchema, type ProjectFlags } from '../../src/cli/find-schema.ts'
import { scanSchemaPath } from '../../src/migration/scan-prisma-config.ts'

let cwd = ''
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'audit-schema-'))
  symlinkSync(join(import.meta.dirname, '../../../../node_modules'), join(cwd, 'node_modules'))
})
afterEach(() => rmSync(cwd, { recursive: true, force: true }))

function write(path: string, text = ''): void {
  mkdirSync(dirname(join(cwd, path)), { recursive: true })
  writeFileSync(join(cwd, path), text)
}

async function find(flags: ProjectFlags = {}): Promise<string> {
  return (await findSchema(flags, cwd)).slice(cwd.length + 1)
}

test('without flag and configuration it is schema.prisma, then prisma/schema.prisma, as in Prisma', async () => {
  write('prisma/schema.prisma')
  expect(await find()).toBe('prisma/schema.prisma')
  write('schema.prisma')
  expect(await find()).toBe('schema.prisma')
})

test('the configuration names a file or a folder, relative to itself', async () => {
  write('schema.prisma')
  write('db/models/a.prisma')
  write('db/one.prisma')
  write('.config/prisma.ts', `export default { schema: '../db/models' }`)
  expect(await find()).toBe('db/models')
  write('other/my.config.ts', `export default { schema: '../db/one.prisma' }`)
  expect(await find({ config: 'other/my.config.ts' })).toBe('db/one.prisma')
})

test('a configuration that only running can tell is run', async () => {
  write('schema.prisma')
  write('db/one.prisma')
  write('prisma.config.ts', `const at: string = 'db'\nexport default { schema: \`\${at}/one.prisma\` }`)
  expect(await find()).toBe('db/one.prisma')
})

test('a configuration without a schema leaves it where it is by default: beside the configuration', async () => {
  write('app/prisma/schema.prisma')
  write('app/prisma.config.ts', `export default { migrations: { path: 'x' } }`)
  expect(await find({ config: 'app/prisma.config.ts' })).toBe('app/prisma/schema.prisma')
})

test('--schema wins, and is relative to the working directory', async () => {
  write('schema.prisma')
  write('db/one.prisma')
  write('prisma.config.ts', `export default { schema: 'schema.prisma' }`)
  expect(await find({ schema: 'db/one.prisma' })).toBe('db/one.prisma')
})

test('what is not there is told with who named it', async () => {
  await expect(find({ schema: 'none.prisma' })).rejects.toThrow(
    'There is no schema none.prisma, that --schema names.',
  )
  await expect(find({ config: 'none.ts' })).rejects.toThrow(
    'There is no configuration none.ts, that --config names.',
  )
  await expect(find()).rejects.toThrow(
    'There is no Prisma schema here: looked for schema.prisma and prisma/schema.prisma.',
  )
  write('prisma.config.ts', `export default { schema: 'gone.prisma' }`)
  await expect(find()).rejects.toThrow('There is no schema gone.prisma, that prisma.config.ts names.')
})

test('a configuration that throws is told, for nobody else knows where the schema is', async () => {
  write('schema.prisma')
  write('prisma.config.mjs', `throw new Error('no such secret'); export default { ...x }`)
  await expect(find()).rejects.toThrow(
    /prisma\.config\.mjs could not be loaded to find the schema .*no such secret/,
  )
})

test('the scan for the schema is sure of plain texts only', () => {
  const scan = (body: string) => scanSchemaPath(`export default defineConfig({ ${body} })`)
  expect(scan(`schema: 'a/b', migrations: { path: 'schema' }`)).toEqual({ sure: true, path: 'a/b' })
  expect(scan(`"schema": "a"`)).toEqual({ sure: true, path: 'a' })
  expect(scan(`migrations: { path: 'a' }`)).toEqual({ sure: true, path: undefined })
  expect(scan(`// schema: 'b'\n schema: 'a' }`)).toEqual({ sure: true, path: 'a' })
  for (const unsure of [
    'schema',
    'schema: path',
    '...base',
    `schema: 'a' + b`,
    'schema: `${a}`',
    `schema: join('a', 'b')`,
    `other: { schema: 'a' }`,
    `other: { schema: 'a' }, schema: 'b'`,
  ]) {
    expect({ unsure, sure: scan(unsure).sure }).toEqual({ unsure, sure: false })
  }
})
