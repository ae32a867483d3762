import type { ReplicationStatus } from './compare-replication.ts'

/** What is worth knowing of how the history leaves the database, a line each. */
export function replicationNotes(
  { publications, slots }: ReplicationStatus,
  bytes: (size: number) => string,
): readonly string[] {
  return [
    ...publications.flatMap(({ name, more, lacking, publishesKeys }) => [
      ...(publishesKeys
        ? [`publication ${name} publishes the keys of hashed columns: whoever reads it can test guesses`]
        : []),
      ...(more.length > 0 ? [`publication ${name} publishes more than inserts: ${more.join(', ')}`] : []),
      ...(lacking.length > 0 ? [`publication ${name} leaves out ${lacking.join(', ')}`] : []),
    ]),
    ...slots.map(({ name, isActive, lagBytes, retainedBytes }) => {
      if (lagBytes === null || retainedBytes === null) return `replication slot ${name} is of no use any more`
      if (isActive) return `replication slot ${name} is ${bytes(lagBytes)} behind`
      return `replication slot ${name} is read by nobody; it is ${bytes(lagBytes)} behind and keeps ${bytes(retainedBytes)} of the log`
    }),
  ]
}
