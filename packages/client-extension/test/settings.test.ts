import { describe, expect, test } from 'vitest'
import { type AuditContext, AuditContextError, auditContext, type SettingDefinition } from '../src/index.ts'
import { type SettingType, settingText } from '../src/setting-value.ts'
import { settingsOf } from '../src/settings.ts'
import { settingsStatement } from '../src/settings-statement.ts'

const definitions: readonly SettingDefinition[] = [
  { name: 'username', type: 'String', required: true },
  { name: 'reason', type: 'String', required: false },
  { name: 'tenant', type: 'Int', required: false },
]

function errorOf(act: () => unknown): unknown {
  try {
    act()
  } catch (error) {
    return error
  }
  return undefined
}

test('settings are always the full list, in its order, with the empty string for an absent one', () => {
  const expected = [
    ['username', 'ann'],
    ['reason', ''],
    ['tenant', '7'],
  ]
  expect(settingsOf({ tenant: 7, username: 'ann' }, definitions)).toEqual(expected)
  expect(settingsOf({ tenant: 7, username: 'ann', reason: null }, definitions)).toEqual(expected)
  expect(settingsOf({ tenant: 7, username: 'ann', reason: undefined }, definitions)).toEqual(expected)
})

test("without definitions the settings are the context's own", () => {
  const context = {
    name: 'ann',
    count: 1,
    big: 2n,
    flag: false,
    at: new Date(0),
    data: { a: [1] },
    half: 0.5,
  }
  expect(settingsOf(context)).toEqual([
    ['name', 'ann'],
    ['count', '1'],
    ['big', '2'],
    ['flag', 'false'],
    ['at', '1970-01-01T00:00:00.000Z'],
    ['data', '{"a":[1]}'],
    ['half', '0.5'],
  ])
})

test('the statement has the values as bind parameters and nothing of them in its text', () => {
  const attack = `'); DROP TABLE "Account"; --`
  expect(settingsStatement(settingsOf({ username: attack }, definitions.slice(0, 2)))).toEqual({
    text: "SELECT 1 WHERE pg_catalog.set_config('audit.username', $1, true) IS NULL OR pg_catalog.set_config('audit.reason', $2, true) IS NULL /* audit context */",
    values: [attack, ''],
  })
})

describe('a value in the text form of its type', () => {
  test.each<[SettingType, unknown, string]>([
    ['String', 'it\'s "ann"\\', 'it\'s "ann"\\'],
    ['Int', -2147483648, '-2147483648'],
    ['Int', 5n, '5'],
    ['BigInt', 9223372036854775807n, '9223372036854775807'],
    ['BigInt', 9007199254740991, '9007199254740991'],
    ['Float', 1e21, '1e+21'],
    ['Float', Number.NaN, 'NaN'],
    ['Float', Number.NEGATIVE_INFINITY, '-Infinity'],
    ['Boolean', true, 'true'],
    ['Boolean', false, 'false'],
    ['DateTime', new Date('2026-02-28T23:59:59.999+02:00'), '2026-02-28T21:59:59.999Z'],
    ['Decimal', '-00012.3400', '-00012.3400'],
    ['Decimal', 12.5, '12.5'],
    ['Uuid', '7F8B6C1E-2d43-4a59-9c0f-3e5a1b7d9f02', '7F8B6C1E-2d43-4a59-9c0f-3e5a1b7d9f02'],
    ['Json', { a: [1, null, 'ü'] }, '{"a":[1,null,"ü"]}'],
    ['Json', 'text', '"text"'],
    ['Json', 0, '0'],
    ['Json', false, 'false'],
  ])('%s %s', (type, value, text) => {
    expect(settingText('x', type, value as never)).toBe(text)
  })

  test.each<SettingType>([
    'String',
    'Int',
    'BigInt',
    'Float',
    'Boolean',
    'DateTime',
    'Decimal',
    'Uuid',
    'Json',
  ])('%s is absent as null, undefined or an empty string', (type) => {
    for (const absent of [null, undefined, '']) expect(settingText('x', type, absent)).toBe('')
  })
})

describe('a value that its type does not allow is refused by the name of the setting', () => {
  const circular: Record<string, unknown> = {}
  circular.self = circular
  test.each<[SettingType | undefined, unknown, string]>([
    ['String', 5, 'must be a string, but it is a number'],
    ['String', 'a\0b', 'holds a NUL character'],
    ['String', '\ud800', 'half of a surrogate pair'],
    ['Int', 2147483648, 'must be a whole number from -2147483648'],
    ['Int', 1.5, 'it is the number 1.5'],
    ['Int', Number.NaN, 'it is the number NaN'],
    ['Int', Number.POSITIVE_INFINITY, 'it is the number Infinity'],
    ['Int', '5', 'it is a string'],
    ['BigInt', 2 ** 53, 'must be a bigint of 64 bits'],
    ['BigInt', 2n ** 63n, 'must be a bigint of 64 bits'],
    ['Float', '1.5', 'must be a number'],
    ['Boolean', 'true', 'must be true or false'],
    ['DateTime', new Date('nonsense'), 'it is an invalid Date'],
    ['DateTime', new Date(8.64e15), 'the years 1 to 9999'],
    ['DateTime', '2026-01-01', 'must be a valid Date'],
    ['Decimal', '1,5', 'must be a decimal number'],
    ['Decimal', Number.NaN, 'must be a decimal number'],
    ['Uuid', 'not-a-uuid', 'must be a UUID'],
    ['Json', circular, 'must be a JSON value'],
    ['Json', { big: 1n }, 'must be a JSON value'],
    ['Json', { text: 'a\0b' }, 'without NUL characters'],
    ['Json', { 'a\0b': 1 }, 'without NUL characters'],
    ['Json', () => 1, 'must be a JSON value'],
    [undefined, 2 ** 60, 'must be a bigint'],
    [undefined, () => 'ann', 'cannot be a function'],
    [undefined, Symbol('ann'), 'cannot be a symbol'],
  ])('%s %s', (type, value, message) => {
    const error = errorOf(() => settingText('tenant', type, value as never))
    expect(error).toBeInstanceOf(AuditContextError)
    expect(error).toMatchObject({
      code: 'INVALID_VALUE',
      setting: 'tenant',
      message: expect.stringContaining(message),
    })
    expect((error as Error).message).toContain('"tenant"')
  })
})

describe('a context that cannot be used is refused where it is given', () => {
  test('an unknown setting, with the one that was meant', () => {
    expect(errorOf(() => auditContext({ usrname: 'ann' }, { settings: definitions }))).toMatchObject({
      code: 'UNKNOWN_SETTING',
      setting: 'usrname',
      hint: 'Did you mean "username"?',
    })
  })

  test('an unknown setting that resembles none, with the list', () => {
    expect(errorOf(() => auditContext({ zzz: undefined }, { settings: definitions }))).toMatchObject({
      code: 'UNKNOWN_SETTING',
      hint: 'The settings are: username, reason, tenant.',
    })
  })

  test.each(['constructor', '__proto__', 'toString'])('the inherited name %s is no setting', (name) => {
    const context = JSON.parse(`{"${name}": "ann"}`) as AuditContext
    expect(errorOf(() => auditContext(context, { settings: definitions }))).toMatchObject({
      code: 'UNKNOWN_SETTING',
    })
    const own = [{ name: 'constructor', type: 'String', required: false }] as const
    expect(settingsOf({}, own)).toEqual([['constructor', '']])
  })

  test.each(["x', '1', true); --", 'a.b', '1a', '', 'ä', 'a b'])(
    'the name %j cannot be a setting',
    (name) => {
      expect(errorOf(() => auditContext({ [name]: 'x' }))).toMatchObject({
        code: 'INVALID_SETTING',
        setting: name,
      })
      const settings = [{ name, type: 'String', required: false }] as const
      expect(errorOf(() => auditContext({}, { settings }))).toMatchObject({
        code: 'INVALID_SETTING',
        setting: name,
      })
    },
  )

  test('two names that differ only in case are one setting to PostgreSQL', () => {
    expect(errorOf(() => auditContext({ User: 'ann', user: 'ben' }))).toMatchObject({
      code: 'INVALID_SETTING',
      message: expect.stringContaining('"User" and "user"'),
    })
  })

  test.each([
    ['null', null],
    ['a string', 'ann'],
    ['an array', ['ann']],
    ['a Map', new Map([['username', 'ann']])],
    ['a promise', Promise.resolve({ username: 'ann' })],
  ])('%s is no context', (_, context) => {
    expect(errorOf(() => auditContext(context as unknown as AuditContext))).toMatchObject({
      code: 'INVALID_CONTEXT',
    })
  })
})
