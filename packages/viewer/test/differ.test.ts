import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { differ, prettyJson } from '../page/src/differ.ts'

const side = (pieces: ReturnType<typeof differ>, kind: 'before' | 'after') =>
  pieces
    ?.filter((piece) => piece.kind === 'same' || piece.kind === kind)
    .map(({ text }) => text)
    .join('')

describe('a difference', () => {
  it('of two texts has all of both', () => {
    const text = fc.array(fc.constantFrom('smoke', 'fire', ' ', '\n', 'ä', '<b>', '\u202e'), {
      minLength: 24,
    })
    fc.assert(
      fc.property(text, text, (before, after) => {
        const [a, b] = [before.join(''), after.join('')]
        const pieces = differ(a, b, 'text')
        expect([side(pieces, 'before'), side(pieces, 'after')]).toEqual([a, b])
      }),
    )
  })

  it('of two JSON values has all of both, by lines', () => {
    fc.assert(
      fc.property(fc.json(), fc.json(), (before, after) => {
        const pieces = differ(before, after, 'jsonb')
        expect(side(pieces, 'before')).toBe(prettyJson(before))
        expect(side(pieces, 'after')).toBe(prettyJson(after))
      }),
    )
  })

  it('is not made of what is short, and not for longer than anybody waits', () => {
    expect(differ('open', 'closed', 'text')).toBeUndefined()
    const noise = (step: number) =>
      Array.from({ length: 60_000 }, (_, index) => (index * step) % 9973).join('\n')
    const began = performance.now()
    differ(noise(7919), noise(104_729), 'text')
    expect(performance.now() - began).toBeLessThan(10_000)
  })
})

describe('JSON as it is shown', () => {
  it('is the same value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = JSON.stringify(value)
        expect(JSON.parse(prettyJson(text))).toEqual(JSON.parse(text))
      }),
    )
  })

  it('keeps every digit and every character of a text', () => {
    const text = '{"a":12345678901234567890.10,"b":[],"c":{},"d":"x, {y}: \\"z\\\\","e":[1,{"f":null}]}'
    expect(prettyJson(text)).toBe(`{
  "a": 12345678901234567890.10,
  "b": [],
  "c": {},
  "d": "x, {y}: \\"z\\\\",
  "e": [
    1,
    {
      "f": null
    }
  ]
}`)
  })
})
