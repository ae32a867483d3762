import type { Client, ClientBase } from 'pg'
import { BEGUN, type ComparedTable, type CompareOptions, compareLive } from '../../src/cli/compare-live.ts'
import type { AuditedTable } from '../../src/model/audit-model.ts'
import type { Told } from '../../src/sql/live-differences.ts'
import type { AuditTableObject } from '../../src/state/database-state.ts'
import { state } from './fixture.ts'

/** What the history of a table tells that was audited from its beginning. */
export function toldAll(table: AuditTableObject, less: Partial<Told> = {}): Told {
  return { table, isWhole: true, since: new Map(), left: new Set(), ...less }
}

/** Pages of three rows, so that few rows have several. */
export function compare(
  client: Client,
  audited: AuditedTable,
  less: Partial<Told> = {},
  options: Partial<CompareOptions> = {},
  from: ComparedTable = BEGUN,
): Promise<ComparedTable> {
  const [table] = state(audited).tables
  if (table === undefined) throw new Error('no table')
  return compareAll(client, table, less, options, from)
}

/** The same of a table of a state. */
export function compareAll(
  client: ClientBase,
  table: AuditTableObject,
  less: Partial<Told> = {},
  options: Partial<CompareOptions> = {},
  from: ComparedTable = BEGUN,
): Promise<ComparedTable> {
  return compareLive(client, toldAll(table, less), from, {
    size: 3,
    pause: 0,
    signal: new AbortController().signal,
    onProgress: () => {},
    ...options,
  })
}

/** `update-missed 42: total, note` */
export async function missed(compared: Promise<ComparedTable>): Promise<readonly string[]> {
  const { findings } = await compared
  return findings.map(({ kind, key, columns }) =>
    [`${kind} ${key.join('/')}`, columns.join(', ')].filter((each) => each !== '').join(': '),
  )
}

/** As nobody's trigger sees it. */
export const unseen = (statements: string) =>
  `BEGIN; SET LOCAL session_replication_role = replica; ${statements}; COMMIT`
