import type * as DMMF from '@prisma/dmmf'
import type pg from 'pg'
import { compile } from '../compile.ts'
import { hasErrors } from '../diagnostics.ts'
import { compareInstallation, type Expectation } from '../installation/compare-installation.ts'
import type { InstallationStatus, Unaudited } from '../installation/installation-status.ts'
import type { LiveDatabase } from '../installation/live-database.ts'
import type { Recorded } from '../installation/told.ts'
import { writtenFunctions } from '../migration/written-functions.ts'
import type { AuditModel } from '../model/audit-model.ts'
import { nameKey } from '../model/names.ts'
import { renderInstallation } from '../sql/render-installation.ts'
import { homeOf } from '../state/database-state.ts'
import { desiredState } from '../state/desired-state.ts'
import { parseHeaders } from '../state/part-header.ts'
import { adviceOn, type DatabaseWork, isOfDatabase, withDatabase } from './database-client.ts'
import type { ProjectFlags } from './find-schema.ts'
import { readFoldedProject } from './folded-project.ts'
import { ProjectNotFoundError } from './project-not-found-error.ts'
import { schemaOfUrl, type WantedMigrations } from './read-applied.ts'
import { readLiveDatabase } from './read-live-database.ts'

/** What a project's database should have. */
export interface ExpectedInstallation extends Expectation, WantedMigrations {
  /** Milliseconds. */
  readonly lockTimeout: number
  /** What the migrations tell of the histories; undefined where none makes the audit. */
  readonly recorded: Omit<Recorded, 'applied'> | undefined
}

export interface Look {
  readonly live: LiveDatabase
  readonly status: InstallationStatus
}

/**
 * The audit that the migrations build, or, where no migration has any, the one that the schema asks for.
 *
 * @param url of the database that is looked at, if one is
 * @throws ProjectNotFoundError where there is no project, or one with errors
 */
export async function readExpected(
  flags: ProjectFlags,
  cwd: string,
  url?: string,
): Promise<ExpectedInstallation> {
  const { project, folder, folded } = await readFoldedProject(flags, cwd)
  const { input } = project
  const { model, migration, diagnostics } = compile({ ...input, folder })
  if (hasErrors(diagnostics)) {
    throw new ProjectNotFoundError('The schema has errors; npx prisma-generator-audit check says which.')
  }
  const files = folder?.files ?? []
  const parts = files.filter(({ text }) => parseHeaders(text).parts.length > 0)
  const isByMigrations = parts.length > 0
  const { lockTimeout } = input.options
  const state = isByMigrations ? folded.state : desiredState(model)
  const asFile = { name: 'install', path: 'install', text: renderInstallation(state, lockTimeout) }
  return {
    state,
    written: await writtenFunctions(isByMigrations ? files : [asFile]),
    parts: parts.map(({ name }) => name),
    migrationsSchema: url === undefined ? undefined : schemaOfUrl(url),
    isUngenerated: migration !== undefined,
    models: new Map(model.tables.map((table) => [nameKey(table.source), table.model])),
    unaudited: unaudited(model, input.dmmf.datamodel.models),
    lockTimeout,
    recorded:
      isByMigrations && folder ? { histories: folded.histories, database: folder.database } : undefined,
  }
}

/**
 * As `withDatabase`; what PostgreSQL refuses is said, too.
 *
 * @param command as it is seen in pg_stat_activity
 * @throws ProjectNotFoundError where PostgreSQL cannot be reached, or refuses
 */
export function withConnection<T>(
  connectionString: string,
  command: string,
  run: (client: pg.Client, signal: AbortSignal) => Promise<T>,
  how?: DatabaseWork,
): Promise<T> {
  const work = async (client: pg.Client, signal: AbortSignal) => {
    try {
      return await run(client, signal)
    } catch (error) {
      if (error instanceof ProjectNotFoundError || !isOfDatabase(error)) throw error
      throw new ProjectNotFoundError(`The database refuses: ${error.message}${adviceOn(error)}`, {
        cause: error,
      })
    }
  }
  return withDatabase(connectionString, command, work, how)
}

/**
 * Holds the database against what is expected.
 *
 * @param role the application's; undefined: that of the connection
 * @throws ProjectNotFoundError where there is no such role
 */
export async function look(
  client: pg.Client,
  expected: ExpectedInstallation,
  role?: string | undefined,
): Promise<Look> {
  const { schema, tables } = expected.state
  const capturing = tables.filter((table) => table.capturing)
  const live = await readLiveDatabase(client, homeOf(schema ?? { name: 'audit' }), capturing, expected, role)
  if (!live.roleExists) throw new ProjectNotFoundError(`There is no role "${live.role}", that --role names.`)
  return { live, status: compareInstallation(expected, live) }
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
