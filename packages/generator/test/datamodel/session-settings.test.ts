import { expect, test } from 'vitest'
import { useTestDatabase } from '../../../../test/support/test-database.ts'
import { parseSettingSyntax } from '../../src/annotation/parser.ts'
import { resolveSetting } from '../../src/datamodel/session-settings.ts'

function resolve(text: string) {
  const { syntax, diagnostics } = parseSettingSyntax(text, { file: 'a', line: 1, column: 1, length: 1 })
  const resolved = syntax && resolveSetting(syntax)
  return {
    setting: resolved?.setting,
    codes: [...diagnostics, ...(resolved?.diagnostics ?? [])].map(({ code }) => code),
  }
}

const DEFAULTS: readonly (readonly [setting: string, fits: boolean])[] = [
  ['a String @default("system")', true],
  ['a String @default("")', false],
  ['a String @default(system)', false],
  ['a String @db.VarChar(3) @default("😀😀😀")', true],
  ['a String @db.VarChar(3) @default("abcd")', false],
  ['a String @db.Uuid @default("7D9F3C52-6d0e-4f5b-9c11-3a1f5e0b8a77")', true],
  ['a String @db.Uuid @default("7d9f3c52")', false],
  ['a String @db.Inet @default("10.0.0.1/8")', true],
  ['a String @db.Inet @default("::1")', true],
  ['a String @db.Inet @default("home")', false],
  ['a String @db.VarBit @default("0101")', true],
  ['a String @db.VarBit @default("2")', false],
  ['a Int @default(-2147483648)', true],
  ['a Int @default(2147483648)', false],
  ['a Int @default(1.5)', false],
  ['a Int @db.SmallInt @default(32768)', false],
  ['a Int @db.Oid @default(4294967295)', true],
  ['a Int @db.Oid @default(-1)', false],
  ['a BigInt @default(9223372036854775807)', true],
  ['a BigInt @default(9223372036854775808)', false],
  ['a Float @default(-1.5)', true],
  ['a Decimal @db.Decimal(4, 2) @default(1.50)', true],
  ['a Boolean @default(true)', true],
  ['a Boolean @default(1)', false],
  ['a DateTime @default("2026-01-31T12:00:00Z")', true],
  ['a DateTime @default("2026-02-31")', false],
  ['a DateTime @default(now())', false],
  ['a DateTime @db.Date @default("2024-02-29")', true],
  ['a DateTime @db.Time @default("23:59")', true],
  ['a Json @default("{\\"a\\": [1]}")', true],
  ['a Json @default("{a}")', false],
]

const database = await useTestDatabase()

test.each(DEFAULTS)('%s', async (text, fits) => {
  const { setting, codes } = resolve(text)
  expect(codes.length === 0).toBe(fits)
  // What is accepted here PostgreSQL reads too.
  if (setting) {
    const { name, args } = setting.type
    const type = args.length > 0 ? `${name}(${args.join(',')})` : name
    await database.query(`SELECT '${(setting.default ?? '').replaceAll("'", "''")}'::${type}`)
  }
})

test('one text holds one setting', () => {
  expect(resolve('a String, b String').codes).toEqual(['AUD201'])
  expect(resolve('').codes).toEqual(['AUD201'])
  expect(resolve('username').codes).toEqual(['AUD201'])
})

test('the question mark may stand behind the type only', () => {
  expect(resolve('a String?').setting).toMatchObject({ required: false })
  expect(resolve('a? String').codes).toEqual(['AUD201'])
})
