import type pg from 'pg'
import { expect, onTestFinished } from 'vitest'
import type { TestDatabase } from '../../../../test/support/test-database.ts'
import { type CompactedPartition, compactPartitions } from '../../src/cli/compact-partitions.ts'
import { type Pruned, type PruneOptions, pruneHistory } from '../../src/cli/prune-batches.ts'
import type { AuditedTable } from '../../src/model/audit-model.ts'
import { renderPrunerSetup } from '../../src/sql/pruner-setup.ts'
import { pruneTarget } from '../../src/sql/pruning.ts'
import { state } from './fixture.ts'
import { HOME } from './sealing.ts'

/** Roles of a test's own: they belong to the cluster. */
export const prunersOf = ({ name }: TestDatabase) => ({ pruner: `${name}_pruner`, by: `${name}_keeper` })

/** Sets pruning up, as a superuser. The roles go with the test. */
export async function setUpPruning(database: TestDatabase, atLeast = '0 days', home = HOME) {
  const roles = prunersOf(database)
  onTestFinished(async () => {
    for (const role of Object.values(roles)) {
      await database.query(`DROP OWNED BY "${role}" CASCADE; DROP ROLE "${role}"`)
    }
  })
  const again = () => database.query(renderPrunerSetup({ ...roles, atLeast, home }))
  await again()
  return { ...roles, again }
}

/** Does something as another role. */
export async function as<T>(client: pg.Client, role: string, work: () => Promise<T>): Promise<T> {
  await client.query(`SET SESSION AUTHORIZATION "${role}"`)
  try {
    return await work()
  } finally {
    await client.query('RESET SESSION AUTHORIZATION')
  }
}

/** Prunes the history of a table as the one who may, by pages of three rows unless told otherwise. */
export async function prune(
  client: pg.Client,
  by: string,
  audited: AuditedTable,
  before: string,
  options: Partial<PruneOptions> = {},
): Promise<Pruned> {
  const [table] = state(audited).tables
  if (table === undefined) throw new Error('no table')
  return as(client, by, () =>
    pruneHistory(client, HOME, pruneTarget(table), {
      before,
      reason: 'old',
      size: 3,
      pause: 0,
      signal: new AbortController().signal,
      keep: undefined,
      onProgress: () => {},
      ...options,
    }),
  )
}

/** Gives back the space of the partitions that are older, as the one who may: those that are not left as they are. */
export async function compact(
  client: pg.Client,
  by: string,
  history: string,
  before: string,
): Promise<readonly CompactedPartition[]> {
  const compacted: CompactedPartition[] = []
  const refused: unknown[] = []
  await as(client, by, () =>
    compactPartitions(client, HOME, history, {
      before,
      signal: new AbortController().signal,
      onCompacted: (partition) => compacted.push(partition),
      onRefused: (_, error) => refused.push(error),
    }),
  )
  expect(refused).toEqual([])
  return compacted
}
