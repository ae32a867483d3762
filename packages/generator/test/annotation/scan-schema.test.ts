import internals from '@prisma/internals'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { scanSchema } from '../../src/annotation/scan-schema.ts'

const HEAD = 'datasource db {\n  provider = "postgresql"\n}\n'

const scan = (text: string) => scanSchema([{ path: 'a.prisma', text }])

/** `Model` or `Model.field` of every annotation, and `!reason` of every lost one. */
function mentions(text: string): Record<string, string> {
  const { blocks, lost } = scan(text)
  const label = (annotation: string) => /@+audit\s*\((\w*)/i.exec(annotation)?.[1] ?? annotation
  const found: [string, string][] = lost.map(({ text: each, reason }) => [label(each), `!${reason}`])
  for (const block of blocks) {
    found.push(...block.annotations.map(({ text: each }): [string, string] => [label(each), block.name]))
    for (const field of block.fields) {
      const name = `${block.name}.${field.name}`
      found.push(...field.annotations.map(({ text: each }): [string, string] => [label(each), name]))
    }
  }
  return Object.fromEntries(found)
}

describe('an @audit is found wherever it stands', () => {
  test.each([
    ['above a model', '/// @audit(a)\nmodel M {\n  id Int @id\n}', { a: 'M' }],
    [
      'among other documentation',
      '/// Text\n/// @audit(a) more\n/// text\nmodel M {\n id Int @id\n}',
      { a: 'M' },
    ],
    ['above a field', 'model M {\n  /// @audit(a)\n  id Int @id\n}', { a: 'M.id' }],
    ['behind a field', 'model M {\n  id Int @id /// @audit(a)\n}', { a: 'M.id' }],
    ['above a field, a blank line between', 'model M {\n  /// @audit(a)\n\n  id Int @id\n}', { a: 'M.id' }],
    [
      'behind a string with slashes',
      'model M {\n  id String @id @default("a//b") /// @audit(a)\n}',
      { a: 'M.id' },
    ],
    ['with Windows line ends', '/// @audit(a)\r\nmodel M {\r\n  id Int @id\r\n}\r\n', { a: 'M' }],
    ['over a blank line', '/// @audit(a)\n\nmodel M {\n  id Int @id\n}', { a: '!blank-line' }],
    ['over a line of spaces', '/// @audit(a)\n  \nmodel M {\n  id Int @id\n}', { a: '!blank-line' }],
    [
      'a field, another comment between',
      'model M {\n /// @audit(a)\n\n /// b\n id Int @id\n}',
      { a: '!blank-line' },
    ],
    ['in a // comment', '// @audit(a)\nmodel M {\n  id Int @id\n}', { a: '!line-comment' }],
    ['in a commented doc comment', '// /// @audit(a)\nmodel M {\n  id Int @id\n}', { a: '!commented-out' }],
    ['in a block comment', '/* @audit(a) */\nmodel M {\n  id Int @id\n}', { a: '!block-comment' }],
    ['in a long block comment', '/**\n * @audit(a)\n */\nmodel M {\n id Int @id\n}', { a: '!block-comment' }],
    ['after four slashes', '//// @audit(a)\nmodel M {\n  id Int @id\n}', { a: '!four-slashes' }],
    ['before @@', 'model M {\n  id Int @id\n  /// @audit(a)\n  @@map("m")\n}', { a: '!block-attribute' }],
    ['behind @@', 'model M {\n  id Int @id\n  @@map("m") /// @audit(a)\n}', { a: '!block-attribute' }],
    ['behind the opening brace', 'model M { /// @audit(a)\n  id Int @id\n}', { a: '!nowhere' }],
    ['behind the closing brace', 'model M {\n  id Int @id\n} /// @audit(a)', { a: '!nowhere' }],
    ['at the end of a model', 'model M {\n  id Int @id\n  /// @audit(a)\n}', { a: '!nowhere' }],
    ['at the end of the file', 'model M {\n  id Int @id\n}\n/// @audit(a)', { a: '!nowhere' }],
    ['above an ignored model', '/// @audit(a)\nmodel M {\n  id Int @id\n  @@ignore\n}', { a: '!ignored' }],
    ['in an ignored model', 'model M {\n /// @audit(a)\n id Int @id\n @@ignore\n}', { a: '!ignored' }],
    ['above an ignored field', 'model M {\n id Int @id\n /// @audit(a)\n b Int? @ignore\n}', { a: 'M.b' }],
    ['above an unsupported field', 'model M {\n /// @audit(a)\n b Unsupported("circle")?\n}', { a: 'M.b' }],
    ['above an enum', '/// @audit(a)\nenum E {\n  A\n}', { a: 'E' }],
    ['in capitals', '/// @AUDIT(a)\nmodel M {\n  id Int @id\n}', { a: '!misspelled' }],
    ['with two @', '/// @@audit(a)\nmodel M {\n  id Int @id\n}', { a: '!misspelled' }],
  ])('%s', (_, text, expected) => {
    expect(mentions(text)).toEqual(expected)
  })

  test('one without parentheses is reported, one in prose or quotes is left alone', () => {
    expect(scan('/// @audit\nmodel M {\n  id Int @id\n}').lost).toMatchObject([{ reason: 'misspelled' }])
    const prose =
      '/// See @audit for more, `@audit(enabled)`, a@audit(x), @auditing(x).\nmodel M {\n  id Int @id\n}'
    expect(mentions(prose)).toEqual({})
  })
})

test('blocks and fields know their names, places and what the DMMF leaves out', () => {
  const text = `${HEAD}enum E {
  A
  @@schema("auth")
}
model User {
  id    Int    @id @map("user_id")
  shape Unsupported("circle // x")? @map("form")
  gone  Int?   @ignore
  @@schema("auth")
}
`
  const [datasource, colour, user] = scan(text).blocks
  expect(datasource?.settings).toMatchObject([{ name: 'provider', value: '"postgresql"' }])
  expect(colour).toMatchObject({
    kind: 'enum',
    name: 'E',
    schema: 'auth',
    place: { line: 4, column: 6, length: 1 },
  })
  expect(user).toMatchObject({ kind: 'model', name: 'User', schema: 'auth', ignored: false })
  expect(user?.fields).toMatchObject([
    {
      name: 'id',
      column: 'user_id',
      ignored: false,
      unsupported: false,
      place: { line: 9, column: 3, length: 2 },
    },
    { name: 'shape', column: 'form', ignored: false, unsupported: true },
    { name: 'gone', column: 'gone', ignored: true, unsupported: false },
  ])
})

/** Pieces that Prisma accepts inside a model, each line perhaps with a numbered annotation in a comment. */
const comment = fc.constantFrom(
  '/// @audit(#)',
  '/// text',
  '// @audit(#)',
  '//// @audit(#)',
  '/* @audit(#) */',
  '',
)
const line = fc.record({
  kind: fc.constantFrom('field', 'ignored', 'unsupported', 'attribute', 'comment', 'blank'),
  trailing: comment,
})
const model = fc.record({
  above: fc.array(comment, { maxLength: 3 }),
  head: comment,
  lines: fc.array(line, { maxLength: 6 }),
  tail: comment,
})

function write(models: readonly (typeof model extends fc.Arbitrary<infer M> ? M : never)[], lineEnd: string) {
  let count = 0
  const numbered = (text: string) => text.replace('#', () => `n${count++}`)
  const lines = models.flatMap(({ above, head, lines: body, tail }, m) => [
    ...above.map(numbered),
    `model M${m} { ${numbered(head)}`,
    '  id String @id @default("// @audit(no)")',
    ...body.map(({ kind, trailing }, f) => {
      const code = {
        field: `f${f} Int?`,
        ignored: `f${f} Int? @ignore`,
        unsupported: `f${f} Unsupported("circle")?`,
        attribute: `@@index([id], map: "i${m}_${f}")`,
        comment: '',
        blank: '',
      }[kind]
      return kind === 'blank' ? '' : `  ${code} ${numbered(trailing)}`.trimEnd()
    }),
    `} ${numbered(tail)}`,
  ])
  return { text: HEAD.replaceAll('\n', lineEnd) + lines.join(lineEnd) + lineEnd, count }
}

test('whatever Prisma reads as documentation is never passed over, and nothing is attached that Prisma drops', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(model, { minLength: 1, maxLength: 3 }),
      fc.constantFrom('\n', '\r\n'),
      async (models, lineEnd) => {
        const { text, count } = write(models, lineEnd)
        const found = mentions(text)
        expect(Object.keys(found).sort()).toEqual(Array.from({ length: count }, (_, i) => `n${i}`).sort())
        const { datamodel } = await internals.getDMMF({ datamodel: text })
        const read = new Map<string, string>()
        for (const each of datamodel.models) {
          read.set(each.name, each.documentation ?? '')
          for (const field of each.fields) read.set(`${each.name}.${field.name}`, field.documentation ?? '')
        }
        for (const [label, node] of Object.entries(found)) {
          // Of what Prisma hides, only the schema's own text tells.
          const isHidden = /\.f\d+$/.test(node) && !read.has(node)
          if (!node.startsWith('!') && !isHidden) expect(read.get(node)).toContain(`@audit(${label})`)
        }
      },
    ),
    { numRuns: 150 },
  )
})

test('any text is scanned without a throw, and every place lies inside it', () => {
  const piece = fc.constantFrom(
    'model M {',
    '}',
    '\n',
    '\r',
    '/// @audit(',
    '/*',
    '*/',
    '//',
    '"',
    '@@',
    ' ',
    'a Int',
    '@ignore',
    '\u{1f600}',
    '\0',
  )
  fc.assert(
    fc.property(fc.array(fc.oneof(piece, fc.string({ unit: 'binary' })), { maxLength: 30 }), (pieces) => {
      const text = pieces.join('')
      const lines = text.split(/\r\n|\n|\r/)
      const { blocks, lost } = scan(text)
      const places = [
        ...lost.map(({ place }) => place),
        ...blocks.flatMap((block) => [block.place, ...block.fields.map(({ place }) => place)]),
        ...blocks
          .flatMap((block) => [...block.annotations, ...block.fields.flatMap((f) => f.annotations)])
          .map(({ place }) => place),
      ]
      for (const { line, column, length } of places) {
        expect((lines[line - 1] ?? '').length).toBeGreaterThanOrEqual(column - 1 + length)
      }
    }),
    { numRuns: 500 },
  )
})
