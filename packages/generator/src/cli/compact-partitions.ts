import type { ClientBase } from 'pg'
import type { Compacted } from '../sql/compact-function.ts'
import { type OldPartition, renderCompact, renderOldPartitions } from '../sql/compacting.ts'
import { beginErasing } from '../sql/erasing.ts'
import type { AuditHome } from '../state/database-state.ts'
import { inTransaction, looking } from './database-client.ts'
import { InterruptedError } from './interruption.ts'

export interface CompactedPartition {
  readonly name: string
  readonly done: Compacted
  readonly bytesBefore: number
  readonly bytes: number
}

export interface CompactOptions {
  /** As the pruning had it: PostgreSQL's text. */
  readonly before: string
  /** Ends the run after the partition that is under way. */
  readonly signal: AbortSignal
  readonly onCompacted: (partition: CompactedPartition) => void
  /** The database has refused one: somebody holds it, or something depends on it. The others go on. */
  readonly onRefused: (partition: string, error: unknown) => void
}

/** The partitions of a history that are wholly older than a limit; none of an ordinary table. */
export async function oldPartitions(
  client: ClientBase,
  history: string,
  before: string,
): Promise<readonly OldPartition[]> {
  const { rows } = await looking(client, () =>
    client.query<OldPartition>(renderOldPartitions(), [history, before]),
  )
  return rows
}

/**
 * Gives back the space of what was pruned from the old partitions of a history, one after the other, each in transactions of its own.
 *
 * @throws InterruptedError where a signal ended it before the last one
 */
export async function compactPartitions(
  client: ClientBase,
  home: AuditHome,
  history: string,
  { before, signal, onCompacted, onRefused }: CompactOptions,
): Promise<void> {
  const compact = async (oid: string) => {
    const { rows } = await inTransaction(client, beginErasing(), () =>
      client.query<{ done: Compacted; bytes: number }>(renderCompact(home), [oid, before]),
    )
    if (rows[0] === undefined) throw new Error('audit.compact_partition gave no row')
    return rows[0]
  }
  for (const { oid, name, bytes: bytesBefore } of await oldPartitions(client, history, before)) {
    if (signal.aborted) throw new InterruptedError()
    try {
      const first = await compact(oid)
      // What has no row is empty then, unless somebody still sees some, and goes by a lock that nobody waits long for.
      const last = first.done === 'rewritten' ? await compact(oid) : first
      const done = last.done === 'kept' ? first.done : last.done
      if (done !== 'kept') onCompacted({ name, done, bytesBefore, bytes: last.bytes })
    } catch (error) {
      onRefused(name, error)
    }
  }
}
