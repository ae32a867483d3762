import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Found, type Hit, mergePage } from '../src/questions/merge.ts'

const at = (time: number) => new Date(Date.UTC(2026, 0, 1) + time).toISOString()

/** Histories whose ids and times grow together; which of the rows fit is told by `isHit`. */
const histories = fc.array(
  fc.array(fc.record({ gap: fc.integer({ min: 0, max: 3 }), isHit: fc.boolean() }), { maxLength: 25 }),
  { maxLength: 4 },
)

type Rows = readonly (Hit & { readonly isHit: boolean })[]

function rowsOf(gaps: readonly { readonly gap: number; readonly isHit: boolean }[]): Rows {
  let time = 0
  return gaps.map(({ gap, isHit }, index) => {
    time += gap
    return { id: String(index + 1), at: at(time), isHit }
  })
}

/** What the database answers: at most `scan` rows are looked at, from the place on. */
function search(
  rows: Rows,
  place: string | undefined,
  take: number,
  scan: number,
  order: 'newest' | 'oldest',
) {
  const inOrder = order === 'newest' ? rows.toReversed() : rows
  const isLeft = ({ id }: Hit) =>
    place === undefined || (order === 'newest' ? BigInt(id) < BigInt(place) : BigInt(id) > BigInt(place))
  const looked = inOrder.filter(isLeft).slice(0, scan)
  const hits = looked.filter(({ isHit }) => isHit).slice(0, take + 1)
  return { hits, end: looked.length < scan ? null : (looked.at(-1) ?? null) }
}

describe('pages of several histories', () => {
  it.each(['newest', 'oldest'] as const)(
    'hold every row that fits once, in the order of time, however little each search looks at: %s first',
    (order) => {
      fc.assert(
        fc.property(
          histories,
          fc.integer({ min: 1, max: 5 }),
          fc.integer({ min: 1, max: 8 }),
          (made, take, scan) => {
            const all = made.map(rowsOf)
            const seen: string[] = []
            let places: Readonly<Record<string, string>> | undefined
            for (let page = 0; page < 500; page++) {
              const found: Found[] = all.flatMap((rows, oid) =>
                places !== undefined && !(oid in places)
                  ? []
                  : [{ oid: String(oid), ...search(rows, places?.[oid], take, scan, order) }],
              )
              const merged = mergePage(found, take, order)
              expect(merged.picked.length).toBeLessThanOrEqual(take)
              seen.push(...merged.picked.map(({ oid, id }) => `${oid}:${id}`))
              places = merged.places
              if (Object.keys(places).length === 0) break
            }
            const times = seen.map((name) => {
              const [oid = '', id = ''] = name.split(':')
              return all[Number(oid)]?.[Number(id) - 1]?.at ?? ''
            })
            const sorted = order === 'newest' ? times.toSorted().toReversed() : times.toSorted()
            expect(times).toEqual(sorted)
            const wanted = all.flatMap((rows, oid) =>
              rows.filter(({ isHit }) => isHit).map(({ id }) => `${oid}:${id}`),
            )
            expect(seen.toSorted()).toEqual(wanted.toSorted())
          },
        ),
      )
    },
  )
})
