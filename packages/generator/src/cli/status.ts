import type * as DMMF from '@prisma/dmmf'
import pg from 'pg'
import { compile } from '../compile.ts'
import { hasErrors } from '../diagnostics.ts'
import { compareInstallation, type Expectation } from '../installation/compare-installation.ts'
import type { Unaudited } from '../installation/installation-status.ts'
import { renderStatus } from '../installation/render-status.ts'
import { renderStatusJson } from '../installation/status-json.ts'
import { writtenFunctions } from '../migration/written-functions.ts'
import type { AuditModel } from '../model/audit-model.ts'
import { nameKey } from '../model/names.ts'
import { desiredState } from '../state/desired-state.ts'
import { foldParts } from '../state/fold-parts.ts'
import { parseHeaders } from '../state/part-header.ts'
import { connect } from './connect.ts'
import { type DatabaseFlags, findDatabaseUrl } from './find-database.ts'
import { ProjectNotFoundError } from './project-not-found-error.ts'
import { readLiveDatabase } from './read-live-database.ts'
import { readProjectAndFolder } from './read-project.ts'

export interface StatusFlags extends DatabaseFlags {
  readonly json?: boolean | undefined
  /** The role that the application connects as. */
  readonly role?: string | undefined
}

/**
 * Says on stdout what a live database has of the audit that the project describes. Reads only.
 *
 * @returns the exit code: 0 where everything is installed, else 1
 * @throws ProjectNotFoundError where there is no project, or no database that can be looked at
 */
export async function status(flags: StatusFlags, cwd: string): Promise<number> {
  // Before anything else reads the configuration: see `readDatasourceUrl`.
  const connectionString = await findDatabaseUrl(flags, cwd)
  const expected = await readExpectation(flags, cwd)
  const { state } = expected
  const client = new pg.Client({ connectionString, application_name: 'prisma-generator-audit status' })
  await connect(client)
  try {
    const tables = state.tables.filter(({ capturing }) => capturing)
    const live = await readLiveDatabase(client, state.schema?.name ?? 'audit', tables, flags.role)
    if (!live.roleExists)
      throw new ProjectNotFoundError(`There is no role "${live.role}", that --role names.`)
    const result = compareInstallation(expected, live)
    console.log(flags.json ? renderStatusJson(result) : renderStatus(result))
    return result.isInstalled ? 0 : 1
  } catch (error) {
    if (!(error instanceof pg.DatabaseError)) throw error
    throw new ProjectNotFoundError(`The database cannot be looked at: ${error.message}`, { cause: error })
  } finally {
    await client.end().catch(() => {})
  }
}

/** The audit that the migrations build, or, without any, the one that the schema asks for. */
async function readExpectation(flags: StatusFlags, cwd: string): Promise<Expectation> {
  const read = await readProjectAndFolder(flags, cwd)
  if (!read.ok)
    throw new ProjectNotFoundError('Prisma does not accept the schema; npx prisma validate says why.')
  const folder = await read.folder
  const files = folder?.files ?? []
  const { model, migration, diagnostics } = compile({ ...read.project.input, folder })
  if (hasErrors(diagnostics)) {
    throw new ProjectNotFoundError('The schema has errors; npx prisma-generator-audit check says which.')
  }
  const parts = files.filter(({ text }) => parseHeaders(text).parts.length > 0)
  const folded = foldParts(
    files.map(({ name, text }) => ({ migration: name, text })),
    folder?.database.interferences,
  )
  const isByMigrations = parts.length > 0
  return {
    state: isByMigrations ? folded.state : desiredState(model),
    written: await writtenFunctions(files),
    parts: parts.map(({ name }) => name),
    isUngenerated: migration !== undefined,
    models: new Map(model.tables.map((table) => [nameKey(table.source), table.model])),
    unaudited: unaudited(model, read.project.input.dmmf.datamodel.models),
  }
}

/** Models without a history, and stored fields that a history leaves out. */
function unaudited({ tables }: AuditModel, models: readonly DMMF.Model[]): Unaudited {
  const recorded = new Map(
    tables.map((table) => [table.model, new Set(table.columns.map(({ field }) => field))]),
  )
  return {
    models: models.map(({ name }) => name).filter((name) => !recorded.has(name)),
    fields: models.flatMap(({ name, fields }) =>
      fields
        .filter(({ kind, name: field }) => kind !== 'object' && recorded.get(name)?.has(field) === false)
        .map(({ name: field }) => `${name}.${field}`),
    ),
  }
}
