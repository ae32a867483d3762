import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'
import type { Diagnostic } from './diagnostics.ts'
import { diagnoseExternalTables, isLaterTable, renderExternalTables } from './external-tables.ts'
import { observeSurroundings } from './migration/observe-surroundings.ts'
import { findPrismaConfig, runPrismaConfig } from './migration/prisma-config.ts'
import { type Surroundings, writeDecision } from './migration/write-decision.ts'

export interface ExternalTablesOutcome {
  readonly diagnostics: readonly Diagnostic[]
  /** The tables that Prisma Migrate would drop: no migration that makes one of them is to be written. */
  readonly missing: readonly string[]
  /** The module that was written anew, as the user knows it. */
  readonly written?: string
}

const FILE = 'audit-tables.ts'

/**
 * Sees to it that Prisma Migrate knows the audit tables in its schemas. prisma.config.ts is loaded before every command,
 * so it must never import what is not there: the module lies beside the migrations folder, is committed with it, and is
 * written before anything asks for the import. It is written where the configuration lacks a table, or imports it already.
 *
 * @param names as `externalTables` gives them; empty: nothing is read or written
 * @param at `dir` and `write` decide as for migrations: it is written only where somebody will commit it
 */
export async function settleExternalTables(
  names: readonly string[],
  at: {
    /** The migrations folder; undefined where there is none. */
    readonly dir: string | undefined
    /** The generator's option. */
    readonly write: Surroundings['write']
    readonly cwd: string
    readonly configFile: string | undefined
  },
): Promise<ExternalTablesOutcome> {
  const { dir } = at
  if (names.length === 0 || dir === undefined) return { diagnostics: [], missing: [] }
  const file = join(dirname(dir), FILE)
  const text = renderExternalTables(names)
  const mayWrite = writeDecision(observeSurroundings(dir, at.write)).write
  const isNew = !existsSync(file)
  let written: string | undefined
  const write = () => {
    if (!mayWrite || (!isNew && readFileSync(file, 'utf8') === text)) return
    // The configuration must never meet half a file.
    writeFileSync(`${file}.new`, text)
    renameSync(`${file}.new`, file)
    written = relative(at.cwd, file)
  }
  if (!isNew) write()
  const configFile = at.configFile === undefined ? findPrismaConfig(at.cwd) : join(at.cwd, at.configFile)
  const listed = configFile === undefined ? undefined : await readListed(configFile, at.cwd)
  const path = configFile === undefined ? 'prisma.config.ts' : relative(at.cwd, configFile)
  const missing = names.filter((name) => !listed?.isOn || !listed.tables.includes(name))
  const isListed = missing.every(isLaterTable)
  if (isNew && !isListed) write()
  const importPath = existsSync(file) ? importFrom(configFile ?? join(at.cwd, path), file) : undefined
  return {
    diagnostics: diagnoseExternalTables(missing, { path, importPath }),
    missing: missing.filter((name) => !isLaterTable(name)),
    ...(written === undefined ? {} : { written }),
  }
}

async function readListed(configFile: string, cwd: string) {
  const config = await runPrismaConfig(configFile, cwd)
  return config.ok ? { tables: config.externalTables, isOn: config.hasExternalTables } : undefined
}

function importFrom(configFile: string, file: string): string {
  const path = relative(dirname(configFile), file).split(sep).join('/').replace(/\.ts$/, '')
  return path.startsWith('.') ? path : `./${path}`
}
