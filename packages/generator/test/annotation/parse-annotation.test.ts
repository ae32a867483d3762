import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseAnnotation } from '../../src/annotation/parse-annotation.ts'
import { renderDiagnostics } from '../../src/diagnostics.ts'

const START = { file: 'a.prisma', line: 1, column: 5, length: 6 }

/** The annotation as plain values, and the codes of its problems. */
function parse(text: string) {
  const { annotation, diagnostics } = parseAnnotation(text, START)
  const values = Object.entries(annotation).flatMap(([name, part]) =>
    name === 'place' ? [] : [[name, (part as { value: unknown }).value]],
  )
  return { values: Object.fromEntries(values), codes: diagnostics.map(({ code }) => code) }
}

describe('the whole grammar parses', () => {
  test.each([
    ['@audit(enabled)', { state: 'enabled' }],
    ['@audit(disabled)', { state: 'disabled' }],
    ['@audit( enabled , )', { state: 'enabled' }],
    ['@audit (enabled)', { state: 'enabled' }],
    ['@audit(enabled) and more (text', { state: 'enabled' }],
    ['@audit(level: row)', { level: 'row' }],
    ['@audit(level: "statement")', { level: 'statement' }],
    ['@audit(updates: changed)', { updates: 'changed' }],
    ['@audit(truncate: refuse)', { truncate: 'refuse' }],
    ['@audit(missingSettings: record)', { missingSettings: 'record' }],
    ['@audit(backfill: true)', { backfill: true }],
    ['@audit(backfill: false)', { backfill: false }],
    ['@audit(table: "Order \\"x\\" \\u00e9")', { table: 'Order "x" é' }],
    [
      '@audit(function: "f_{role}", trigger: "t_{operation}")',
      { function: 'f_{role}', trigger: 't_{operation}' },
    ],
    ['@audit(exclude)', { policy: 'exclude' }],
    ['@audit(redact)', { policy: 'redact' }],
    ['@audit(hash)', { policy: 'hash' }],
    ['@audit(record, renamedFrom: "old")', { policy: 'record', renamedFrom: 'old' }],
    ['@audit(sessionSettings: [])', { sessionSettings: [] }],
    [
      '@audit(enabled,\r\n  ///   level: row,\n\t// no text\n  ///updates: all)',
      { state: 'enabled', level: 'row', updates: 'all' },
    ],
  ])('%j', (text, expected) => {
    expect(parse(text)).toEqual({ values: expected, codes: [] })
  })

  test('session settings are written as Prisma fields', () => {
    const { values, codes } = parse(
      '@audit(sessionSettings: [username String, app_uuid String? @db.Uuid, n Int @db.SmallInt @default(-1), s String @db.VarChar(20) @default("x")])',
    )
    expect(codes).toEqual([])
    expect(values.sessionSettings).toMatchObject([
      { name: 'username', type: { word: 'String' }, optional: false, list: false, attributes: [] },
      { name: 'app_uuid', optional: true, attributes: [{ name: 'db.Uuid', args: [] }] },
      { name: 'n', attributes: [{ name: 'db.SmallInt' }, { name: 'default', args: [{ digits: '-1' }] }] },
      {
        name: 's',
        attributes: [{ name: 'db.VarChar', args: [{ digits: '20' }] }, { args: [{ text: 'x' }] }],
      },
    ])
  })
})

test('several problems of one annotation are reported at once, each at its own place', () => {
  const text = `/// @audit(enabled, levle: row, truncate: maybe, table: Orders,
///   backfill, enabled, disabled, exclude: "x", sessionSettings: [username, String?, n Int @], 7, level: row`
  const { diagnostics, annotation } = parseAnnotation(text.slice(4), START)
  expect(annotation.level?.value).toBe('row')
  expect(renderDiagnostics(diagnostics, [{ path: 'a.prisma', text }])).toMatchInlineSnapshot(`
    "a.prisma:1:21 - error AUD202: @audit has no option "levle".
        1 | /// @audit(enabled, levle: row, truncate: maybe, table: Orders,
          |                     ^^^^^
       Did you mean "level"?

    a.prisma:1:43 - error AUD203: The option "truncate" does not know "maybe".
        1 | /// @audit(enabled, levle: row, truncate: maybe, table: Orders,
          |                                           ^^^^^
       Known here: record, refuse.

    a.prisma:1:57 - error AUD203: The option "table" takes a string.
        1 | /// @audit(enabled, levle: row, truncate: maybe, table: Orders,
          |                                                         ^^^^^^
       Write it in double quotes: table: "…"

    a.prisma:2:7 - error AUD203: The option "backfill" needs a value.
        2 | ///   backfill, enabled, disabled, exclude: "x", sessionSettings: [username, String?, n Int @],
          |       ^^^^^^^^
       Write backfill: and the value.

    a.prisma:2:17 - error AUD204: The option "enabled" is given twice.
        2 | ///   backfill, enabled, disabled, exclude: "x", sessionSettings: [username, String?, n Int @],
          |                 ^^^^^^^
       Remove one of the two.

    a.prisma:2:26 - error AUD205: "disabled" contradicts "enabled" in the same annotation.
        2 | ///   backfill, enabled, disabled, exclude: "x", sessionSettings: [username, String?, n Int @],
          |                          ^^^^^^^^
       Keep the one that is meant.

    a.prisma:2:45 - error AUD203: "exclude" takes no value.
        2 | ll, enabled, disabled, exclude: "x", sessionSettings: [username, String?, n Int @], 7, level: ro
          |                                 ^^^
       Write @audit(exclude).

    a.prisma:2:68 - error AUD201: A session setting needs a name and a type.
        2 | exclude: "x", sessionSettings: [username, String?, n Int @], 7, level: row
          |                                 ^^^^^^^^
       Write it like a field: username String, or app_uuid String? @db.Uuid

    a.prisma:2:78 - error AUD201: A session setting needs a name and a type.
        2 | x", sessionSettings: [username, String?, n Int @], 7, level: row
          |                                 ^^^^^^
       Write it like a field: username String, or app_uuid String? @db.Uuid

    a.prisma:2:84 - error AUD201: Here "?" stands where "," or "]" is expected.
        2 | ssionSettings: [username, String?, n Int @], 7, level: row
          |                                 ^

    a.prisma:2:94 - error AUD201: Here "]" stands where the name of an attribute is expected.
        2 | ngs: [username, String?, n Int @], 7, level: row
          |                                 ^

    a.prisma:2:97 - error AUD201: Here "7" stands where an option is expected.
        2 | : [username, String?, n Int @], 7, level: row
          |                                 ^

    a.prisma:2:110 - error AUD201: Here the comment ends where ")" is expected.
        2 | String?, n Int @], 7, level: row
          |                                 ^

    13 errors
    "
  `)
})

test('lists inside of lists without end are refused, not recursed into', () => {
  const { diagnostics } = parseAnnotation(`@audit(enabled, table: ${'['.repeat(100_000)}`, START)
  expect(diagnostics[0]?.code).toBe('AUD201')
})

const ATOMS = [
  'enabled',
  'exclude',
  'level',
  ':',
  'row',
  ',',
  '(',
  ')',
  '[',
  ']',
  '"x"',
  '"',
  '1.5',
  '-',
  '@',
  '@db.X',
  '?',
  'String',
  '\n/// ',
  '\n',
  ' ',
  '*/',
  '\u{1f600}',
]

test('any text parses without a throw, in time, and every place lies inside it', () => {
  const anyText = fc.array(fc.oneof(fc.constantFrom(...ATOMS), fc.string({ unit: 'binary' })), {
    maxLength: 40,
  })
  fc.assert(
    fc.property(anyText, (pieces) => {
      const text = `@audit(${pieces.join('')}`
      const lines = text.split(/\r\n|\n|\r/)
      const { diagnostics } = parseAnnotation(text, { file: 'a', line: 1, column: 1, length: 6 })
      for (const { place } of diagnostics) {
        const line = lines[(place?.line ?? 0) - 1]
        expect(line).toBeDefined()
        expect(place?.column).toBeLessThanOrEqual((line ?? '').length + 1)
      }
    }),
    { numRuns: 1000 },
  )
})
