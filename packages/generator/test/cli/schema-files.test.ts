import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { readSchemaFiles } from '../../src/schema-files.ts'

let cwd = ''
beforeEach(() => {
  cwd = realpathSync(mkdtempSync(join(tmpdir(), 'audit-files-')))
  for (const folder of ['schema/deep', 'shared']) mkdirSync(join(cwd, folder), { recursive: true })
  writeFileSync(join(cwd, 'schema/main.prisma'), 'main')
  writeFileSync(join(cwd, 'schema/deep/one.prisma'), 'one')
  writeFileSync(join(cwd, 'schema/deep/notes.md'), 'no schema')
  writeFileSync(join(cwd, 'shared/two.prisma'), 'two')
})
afterEach(() => rmSync(cwd, { recursive: true, force: true }))

const read = (path: string) => readSchemaFiles(join(cwd, path), cwd)

test('a file is read alone, a folder with all that is below it, sorted', async () => {
  expect(await read('schema/main.prisma')).toEqual([{ path: 'schema/main.prisma', text: 'main' }])
  expect(await read('schema')).toEqual([
    { path: 'schema/deep/one.prisma', text: 'one' },
    { path: 'schema/main.prisma', text: 'main' },
  ])
})

test('symbolic links are followed as Prisma follows them, and not in circles', async () => {
  symlinkSync(join(cwd, 'shared'), join(cwd, 'schema/linked'))
  symlinkSync(join(cwd, 'schema'), join(cwd, 'schema/deep/circle'))
  expect((await read('schema')).map(({ path }) => path)).toEqual([
    'schema/deep/one.prisma',
    'schema/main.prisma',
    'shared/two.prisma',
  ])
})
