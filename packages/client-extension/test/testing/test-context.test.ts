import { expect, test } from 'vitest'
import type { SettingType } from '../../src/index.ts'
import { type SettingDefinition, settingsOf } from '../../src/settings.ts'
import { testContext } from '../../src/testing/testing.ts'

const TYPES: readonly SettingType[] = [
  'String',
  'Int',
  'BigInt',
  'Float',
  'Boolean',
  'DateTime',
  'Decimal',
  'Uuid',
  'Json',
]
const all: readonly SettingDefinition[] = TYPES.flatMap((type) => [
  { name: `required${type}`, type, required: true },
  { name: `optional${type}`, type, required: false },
])

test('gives every required setting a value that its type takes, and no optional one', () => {
  const settings = settingsOf(testContext(all), all)
  for (const [name, value] of settings) expect(value === '', name).toBe(name.startsWith('optional'))
  expect(Object.fromEntries(settings)).toMatchObject({
    requiredString: 'test',
    requiredDateTime: '1970-01-01T00:00:00.000Z',
    requiredUuid: '00000000-0000-4000-8000-000000000000',
  })
})

test('what the test says goes over it', () => {
  const context = testContext<{ requiredString: string; optionalInt?: number }>(all, {
    requiredString: 'ann',
    optionalInt: 7,
  })
  expect(context).toMatchObject({ requiredString: 'ann', optionalInt: 7, requiredInt: 0 })
})

test('each call gives an object of its own', () => {
  expect(testContext(all)).not.toBe(testContext(all))
})
