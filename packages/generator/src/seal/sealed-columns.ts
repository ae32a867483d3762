import type { SealedColumn } from '../model/seal.ts'

/** The columns of one history, while it had one OID and one list of them. */
export interface ColumnEpoch {
  readonly oid: string
  readonly columns: readonly SealedColumn[]
}

/** Where the fields of a seal are today: for each of its columns the name of one. */
export type ColumnMapping = readonly string[]

/**
 * The columns of today that may hold what a seal was made of, the likeliest first. Only the seal's root tells that they do.
 *
 * A column keeps its number when it gets another name, and its name when a dump is restored, which numbers columns and tables
 * anew. Where both happened, the seals between them tell: each has the numbers and names of its day.
 *
 * @param epochs those of the history from the seal's own on, in the order of the chain
 * @param today the table as it is; its OID tells whether the numbers still hold
 */
export function columnMappings(
  sealed: readonly SealedColumn[],
  epochs: readonly ColumnEpoch[],
  today: ColumnEpoch,
): readonly ColumnMapping[] {
  const byNumber = sealed.map((column) => follow(column, [...epochs, today]))
  const byName = sealed.map(({ name }) => today.columns.find((each) => each.name === name)?.name)
  const found = [byNumber, byName].flatMap((names) => (isWhole(names) ? [names] : []))
  return [...new Map(found.map((mapping) => [JSON.stringify(mapping), mapping])).values()]
}

/** By its number as long as the table has one OID, and from one OID to the next by the last name that it had. */
function follow(column: SealedColumn, epochs: readonly ColumnEpoch[]): string | undefined {
  let now: SealedColumn | undefined = column
  let oid = epochs[0]?.oid
  for (const epoch of epochs) {
    const before: SealedColumn | undefined = now
    if (before === undefined) return undefined
    now = epoch.columns.find((each) =>
      epoch.oid === oid ? each.number === before.number : each.name === before.name,
    )
    oid = epoch.oid
  }
  return now?.name
}

function isWhole(mapping: readonly (string | undefined)[]): mapping is readonly string[] {
  return mapping.every((name) => name !== undefined) && new Set(mapping).size === mapping.length
}
