import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { readMigrationsFolder } from '../packages/generator/src/migration/read-migrations-folder.ts'

/**
 * How long a large folder takes to read: 700 migrations, 300 tables, a sixth of them with data changes.
 * Run with `tsx bench/fold-migrations.ts [--json]`. Times are milliseconds inside one process; the process
 * of the second figure finds the cache warm, and includes the loading of the module.
 */
const home = mkdtempSync(join(tmpdir(), 'audit-bench-'))
try {
  const [, , first, second, third] = process.argv
  if (first === '--read' && second !== undefined && third !== undefined) await read(second, third)
  else {
    const dir = writeFolder(join(home, 'migrations'))
    const run = () =>
      JSON.parse(execFileSync(process.execPath, [...process.execArgv, ...script(dir)], { encoding: 'utf8' }))
    const figures = { cold: run(), warm: run(), cpu: cpus()[0]?.model, node: process.version }
    if (process.argv.includes('--json')) console.log(JSON.stringify(figures))
    else console.log(figures)
  }
} finally {
  rmSync(home, { recursive: true, force: true })
}

function script(dir: string): string[] {
  return [import.meta.filename, '--read', dir, join(home, 'cache')]
}

async function read(dir: string, cacheDir: string): Promise<void> {
  const start = performance.now()
  const { database } = await readMigrationsFolder(dir, { cacheDir })
  const readMs = Math.round(performance.now() - start)
  const { tables, dataChanges } = database
  const sinceProcessStartMs = Math.round(performance.now())
  console.log(
    JSON.stringify({ readMs, sinceProcessStartMs, tables: tables.length, dataChanges: dataChanges.length }),
  )
}

function writeFolder(dir: string): string {
  for (let at = 0; at < 700; at++) {
    const name = join(dir, `${20200101000000 + at}_step`)
    mkdirSync(name, { recursive: true })
    writeFileSync(join(name, 'migration.sql'), migrationText(at))
  }
  return dir
}

function migrationText(at: number): string {
  const table = `"Table${at % 300}"`
  const parts =
    at < 300
      ? [
          `CREATE TYPE "Enum${at}" AS ENUM ('A', 'B');`,
          `CREATE TABLE ${table} ("id" TEXT NOT NULL, "enum" "Enum${at}",`,
          ...Array.from({ length: 12 }, (_, column) => `  "column${column}" TIMESTAMP(3) NOT NULL,`),
          `  CONSTRAINT "Table${at}_pkey" PRIMARY KEY ("id"));`,
          `CREATE INDEX "Table${at}_idx" ON ${table} ("column1");`,
        ]
      : [`ALTER TABLE ${table} ADD COLUMN "added${at}" INTEGER, ALTER COLUMN "column2" DROP NOT NULL;`]
  if (at % 6 === 0) parts.push(`UPDATE ${table} SET "column3" = now() WHERE "id" = 'x';`)
  if (at % 35 === 34) parts.push(`DO $$ BEGIN UPDATE ${table} SET "column4" = now(); END $$;`)
  return parts.join('\n')
}
