/** What a search of one history has found, in its order. */
export interface Found {
  readonly oid: string
  readonly hits: readonly Hit[]
  /** Where the search stopped; null: it went to the end. */
  readonly end: Hit | null
}

export interface Hit {
  readonly id: string
  readonly at: string
}

export interface Page {
  readonly picked: readonly { readonly oid: string; readonly id: string }[]
  /** For each history that is not at its end the last id that is done with. */
  readonly places: Readonly<Record<string, string>>
  /** Up to which time all histories were searched, where one of them stopped before the page was full. */
  readonly searchedUntil: string | null
}

/**
 * One page of several histories by time. No hit is picked that lies beyond the place where another history's search stopped:
 * there may be hits of that one in between.
 *
 * @param take the number of hits on a page; each history was asked for one more
 */
export function mergePage(found: readonly Found[], take: number, order: 'newest' | 'oldest'): Page {
  const isBefore = (a: string, b: string) => (order === 'newest' ? a > b : a < b)
  const stops = found.flatMap(({ end, hits }) => (end === null || hits.length > take ? [] : [end.at]))
  const horizon = stops.reduce<string | null>(
    (first, at) => (first === null || isBefore(at, first) ? at : first),
    null,
  )
  const next = new Map(found.map(({ oid }) => [oid, 0]))
  const picked: { oid: string; id: string }[] = []
  while (picked.length < take) {
    let best: { readonly from: Found; readonly hit: Hit } | undefined
    for (const from of found) {
      const hit = from.hits[next.get(from.oid) ?? 0]
      if (hit !== undefined && (best === undefined || isBefore(hit.at, best.hit.at))) best = { from, hit }
    }
    if (best === undefined || (horizon !== null && isBefore(horizon, best.hit.at))) break
    picked.push({ oid: best.from.oid, id: best.hit.id })
    next.set(best.from.oid, (next.get(best.from.oid) ?? 0) + 1)
  }
  const places = Object.fromEntries(
    found.flatMap(({ oid, hits, end }) => {
      const count = next.get(oid) ?? 0
      if (count < hits.length) {
        const last = hits[count - 1]
        // Nothing of it was picked: it goes on where its first hit is.
        return [[oid, last?.id ?? stepBack(hits[0]?.id ?? '0', order)]]
      }
      return end === null ? [] : [[oid, end.id]]
    }),
  )
  return { picked, places, searchedUntil: picked.length < take ? horizon : null }
}

/** The id next to it on the side that is done with. */
function stepBack(id: string, order: 'newest' | 'oldest'): string {
  return String(BigInt(id) + (order === 'newest' ? 1n : -1n))
}
