import type { ClientBase } from 'pg'
import { readLiveDatabase } from '../../packages/generator/src/cli/read-live-database.ts'
import { compareInstallation } from '../../packages/generator/src/installation/compare-installation.ts'
import { writtenFunctions } from '../../packages/generator/src/migration/written-functions.ts'
import { homeOf } from '../../packages/generator/src/state/database-state.ts'
import type { Migration } from './compiler.ts'
import type { WrittenStep } from './write-step.ts'

/** What `status` has to say against a database that has the whole folder: nothing. */
export async function installationProblems(
  client: ClientBase,
  folder: readonly Migration[],
  { compiled: { recorded } }: WrittenStep,
): Promise<readonly string[]> {
  const files = folder.map(({ name, text }) => ({ name, path: name, text }))
  const tables = recorded.tables.filter(({ capturing }) => capturing)
  const live = await readLiveDatabase(
    client,
    homeOf(recorded.schema ?? { name: 'audit' }),
    tables,
    { parts: [], migrationsSchema: undefined },
    undefined,
  )
  const { findings, histories } = compareInstallation(
    {
      state: recorded,
      written: await writtenFunctions(files),
      parts: [],
      isUngenerated: false,
      models: new Map(),
      unaudited: { models: [], fields: [] },
    },
    live,
  )
  return [...findings, ...histories.flatMap((each) => each.findings)].map(
    ({ state, object, message }) => `status says ${state}: ${object} ${message}`,
  )
}
