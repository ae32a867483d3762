import { execFile, execFileSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { withMigrationsLock } from '../../src/migration/migrations-lock.ts'
import { readMigrationsFolder } from '../../src/migration/read-migrations-folder.ts'
import { writeMigrationDirectory } from '../../src/migration/write-migration-directory.ts'

let home = ''
let dir = ''
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'audit-folder-'))
  dir = join(home, 'migrations')
  mkdirSync(dir)
})
afterEach(() => {
  chmodSync(home, 0o755)
  rmSync(home, { recursive: true, force: true })
})

function migration(name: string, text: string): void {
  mkdirSync(join(dir, name))
  writeFileSync(join(dir, name, 'migration.sql'), text)
}

const now = new Date('2026-01-02T03:04:05.678Z')
const part = { slug: 'orders', sql: 'SELECT 1;\n', downSql: 'SELECT 2;\n', now }

test('migrations are read in order; loose files beside them are none', async () => {
  migration('20240102000000_b', 'ALTER TABLE t ADD b int;')
  migration('20240101000000_a', '\uFEFFCREATE TABLE t (\r\n  a int\r\n);\r\n')
  migration('20240103000000_empty', '')
  writeFileSync(join(dir, 'migration_lock.toml'), 'provider = "postgresql"')
  const { database, files } = await readMigrationsFolder(dir, { cacheDir: false, cwd: home })
  expect(files.map(({ path }) => path)[0]).toBe(join('migrations', '20240101000000_a', 'migration.sql'))
  expect(database.tables[0]?.columns.map(({ name }) => name)).toEqual(['a', 'b'])
  expect(database.notInterpreted).toEqual([])
})

test('a warm cache gives the same database, and a damaged one does no harm', async () => {
  migration('1_a', 'CREATE TABLE t (a int); INSERT INTO t VALUES (1);')
  const cacheDir = join(home, 'cache')
  const cold = await readMigrationsFolder(dir, { cacheDir })
  const [file = ''] = readdirSync(cacheDir)
  expect(await readMigrationsFolder(dir, { cacheDir })).toEqual(cold)
  const whole = readFileSync(join(cacheDir, file), 'utf8')
  for (const damaged of ['', '{', whole.slice(0, -3), whole.replace('"t"', '"u"')]) {
    writeFileSync(join(cacheDir, file), damaged)
    expect(await readMigrationsFolder(dir, { cacheDir })).toEqual(cold)
  }
})

test('a changed file is read again in spite of the cache', async () => {
  migration('1_a', 'CREATE TABLE t (a int);')
  const cacheDir = join(home, 'cache')
  await readMigrationsFolder(dir, { cacheDir })
  writeFileSync(join(dir, '1_a', 'migration.sql'), 'CREATE TABLE u (a int);')
  const { database } = await readMigrationsFolder(dir, { cacheDir })
  expect(database.tables.map(({ name }) => name)).toEqual(['u'])
})

test('a cache that cannot be written does no harm', async () => {
  migration('1_a', 'CREATE TABLE t (a int);')
  writeFileSync(join(home, 'file'), '')
  const { database } = await readMigrationsFolder(dir, { cacheDir: join(home, 'file', 'cache') })
  expect(database.tables).toHaveLength(1)
})

test('a directory without migration.sql is named, as Prisma names it', async () => {
  mkdirSync(join(dir, '1_a'))
  await expect(readMigrationsFolder(dir, { cacheDir: false, cwd: home })).rejects.toThrow(
    'migrations/1_a/migration.sql is missing. Prisma stops there too (P3015)',
  )
})

test('a folder that is not there, or is a file, is named', async () => {
  writeFileSync(join(home, 'file'), '')
  await expect(readMigrationsFolder(join(home, 'none'), { cwd: home })).rejects.toThrow(
    'The migrations folder none does not exist.',
  )
  await expect(readMigrationsFolder(join(home, 'file'), { cwd: home })).rejects.toThrow(
    'The migrations folder file is a file.',
  )
})

test('a file or folder without permission is named', () => {
  migration('1_a', 'SELECT 1;')
  chmodSync(home, 0o755)
  chmodSync(join(dir, '1_a', 'migration.sql'), 0)
  expect(readAsNobody()).toContain('1_a/migration.sql cannot be read: permission denied.')
  chmodSync(dir, 0)
  expect(readAsNobody()).toContain('migrations cannot be read: permission denied.')
  chmodSync(dir, 0o755)
})

function readAsNobody(): string {
  return asNobody(
    'read-migrations-folder',
    `await module.readMigrationsFolder(${JSON.stringify(dir)}, { cacheDir: false }); console.log('read')`,
  )
}

/**
 * Runs `work` with what `name` exports as `module`, and gives what it prints, or its error's message.
 * Permissions mean nothing to root, so it runs as a user for whom they do.
 */
function asNobody(name: string, work: string): string {
  const identity = isRoot ? `process.setgroups([]); process.setgid(65534); process.setuid(65534);` : ''
  const script = `
    const module = await import(${JSON.stringify(moduleUrl(name))});
    ${identity}
    try { ${work} } catch (error) { console.log(error.message) }`
  return execFileSync(process.execPath, ['--import', TSX, '--input-type=module', '-e', script], {
    encoding: 'utf8',
  })
}

const isRoot = process.getuid?.() === 0
const TSX = import.meta.resolve('tsx')
function moduleUrl(name: string): string {
  return pathToFileURL(join(import.meta.dirname, `../../src/migration/${name}.ts`)).href
}

test('a new migration is named by the time and holds both files, and nothing else is left', async () => {
  const { path } = await writeMigrationDirectory({ dir, ...part })
  expect(path).toBe(join(dir, '20260102030405_audit_orders'))
  expect(readFileSync(join(path, 'migration.sql'), 'utf8')).toBe(part.sql)
  expect(readFileSync(join(path, 'down.sql'), 'utf8')).toBe(part.downSql)
  expect([readdirSync(home), readdirSync(dir)]).toEqual([['migrations'], ['20260102030405_audit_orders']])
})

test('where the folder can be written and the one around it cannot, the migration is written all the same', () => {
  if (isRoot) chownSync(dir, 65534, 65534)
  chmodSync(home, 0o555)
  expect(writeAsNobody()).toBe('written\n')
  const path = join(dir, '20260102030405_audit_orders')
  expect(readdirSync(path)).toEqual(['down.sql', 'migration.sql'])
  expect(readFileSync(join(path, 'migration.sql'), 'utf8')).toBe(part.sql)
  expect([readdirSync(home), readdirSync(dir)]).toEqual([['migrations'], ['20260102030405_audit_orders']])
})

test('a folder that cannot be written is named, and nothing is left', () => {
  chmodSync(dir, 0o555)
  chmodSync(home, 0o555)
  expect(writeAsNobody()).toContain(`The migrations folder ${dir} cannot be written.`)
  expect([readdirSync(home), readdirSync(dir)]).toEqual([['migrations'], []])
})

function writeAsNobody(): string {
  const migration = `{ ...${JSON.stringify({ dir, ...part })}, now: new Date(${now.getTime()}) }`
  return asNobody(
    'write-migration-directory',
    `await module.writeMigrationDirectory(${migration}); console.log('written')`,
  )
}

test('a new migration sorts after the newest one, even one from the future', async () => {
  migration('20991231235959_future', '')
  const { path } = await writeMigrationDirectory({ dir, ...part })
  expect(path).toBe(join(dir, '21000101000000_audit_orders'))
})

test('a migration that no time stamp can follow is named', async () => {
  migration('zebra', '')
  await expect(writeMigrationDirectory({ dir, ...part })).rejects.toThrow(
    'The migration zebra sorts after every',
  )
  expect([readdirSync(home), readdirSync(dir)]).toEqual([['migrations'], ['zebra']])
})

test('of eight processes that would write the same migration, one does', async () => {
  const script = `
    const { withMigrationsLock } = await import(${JSON.stringify(moduleUrl('migrations-lock'))});
    const { listMigrations } = await import(${JSON.stringify(moduleUrl('read-migrations-folder'))});
    const { writeMigrationDirectory } = await import(${JSON.stringify(moduleUrl('write-migration-directory'))});
    const dir = ${JSON.stringify(dir)};
    await withMigrationsLock(dir, async () => {
      if (listMigrations(dir).length > 0) return;
      await new Promise((done) => setTimeout(done, 100));
      await writeMigrationDirectory({ dir, slug: 'x', sql: '', downSql: '', now: new Date() });
    });`
  const run = promisify(execFile)
  const argv = ['--import', TSX, '--input-type=module', '-e', script]
  await Promise.all(Array.from({ length: 8 }, () => run(process.execPath, argv)))
  expect(readdirSync(dir)).toHaveLength(1)
  expect(readdirSync(home)).toEqual(['migrations'])
})

test('a lock that a killed process left is taken over', async () => {
  const lock = join(home, '.migrations.audit-lock')
  const script = `
    const { withMigrationsLock } = await import(${JSON.stringify(moduleUrl('migrations-lock'))});
    await withMigrationsLock(${JSON.stringify(dir)}, async () => process.kill(process.pid, 'SIGKILL'));`
  expect(() =>
    execFileSync(process.execPath, ['--import', TSX, '--input-type=module', '-e', script]),
  ).toThrow()
  expect(existsSync(lock)).toBe(true)
  expect(await withMigrationsLock(dir, async () => 'done')).toBe('done')
  expect(existsSync(lock)).toBe(false)
})
