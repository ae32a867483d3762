import { describe, expect, test } from 'vitest'
import { checkDatasource, OPTIONS, parseOptions, renderOptionTable } from '../../src/config.ts'

describe('the generator block', () => {
  test('without options gives the defaults', () => {
    expect(parseOptions({})).toEqual({
      diagnostics: [],
      options: {
        facts: [],
        output: '../generated/audit',
        partitionBy: 'none',
        sessionSettings: [],
        missingSettings: 'refuse',
        truncate: 'record',
        schema: 'audit',
        table: '{table}_audit',
        function: '{table}_audit_{role}',
        trigger: 'audit_{operation}',
        settingColumn: 'audit_{setting}',
        write: 'auto',
        strict: false,
        lockTimeout: 5000,
      },
    })
  })

  test('takes every option', () => {
    const { options, diagnostics } = parseOptions({
      output: '../x',
      sessionSettings: ['username String'],
      missingSettings: 'record',
      truncate: 'refuse',
      captureWaiverRole: 'Audit Maintenance',
      schema: 'Audit Trail',
      table: '{schema}.{model}',
      function: '{model} {role}',
      trigger: '{operation}!',
      settingColumn: '{setting}',
      migrations: './migrations',
      write: 'never',
      strict: 'true',
      lockTimeout: '1min',
    })
    expect(diagnostics).toEqual([])
    expect(options).toMatchObject({
      strict: true,
      lockTimeout: 60_000,
      migrations: './migrations',
      schema: 'Audit Trail',
    })
    expect(Object.keys(options).sort()).toEqual(Object.keys(OPTIONS).sort())
  })

  test.each([
    ['5s', 5000],
    ['500ms', 500],
    ['1 min', 60_000],
    ['0s', undefined],
    ['5', undefined],
    ['-1s', undefined],
    ['9999999min', undefined],
    ['1e3s', undefined],
  ])('lockTimeout %j', (written, expected) => {
    const { options, diagnostics } = parseOptions({ lockTimeout: written })
    expect(diagnostics).toHaveLength(expected === undefined ? 1 : 0)
    expect(options.lockTimeout).toBe(expected ?? 5000)
  })

  test('names that an object has anyway are unknown options', () => {
    const { diagnostics } = parseOptions({ constructor: 'x', toString: 'y' })
    expect(diagnostics.map(({ code }) => code)).toEqual(['AUD101', 'AUD101'])
  })

  test('a schema name over 63 bytes is refused', () => {
    expect(parseOptions({ schema: 'é'.repeat(32) }).diagnostics).toMatchObject([{ code: 'AUD502' }])
  })

  test.each([
    ['é'.repeat(32), 'AUD502'],
    ['', 'AUD102'],
    ['public', 'AUD102'],
    ['none', 'AUD102'],
  ])('a name that no role can have is refused: %j', (captureWaiverRole, code) => {
    const { options, diagnostics } = parseOptions({ captureWaiverRole })
    expect(diagnostics).toMatchObject([{ code }])
    expect(options.captureWaiverRole).toBeUndefined()
  })

  test('problems stand at the place that the caller gives', () => {
    const place = { file: 'a.prisma', line: 3, column: 11, length: 5 }
    const { diagnostics } = parseOptions({ strict: 'x', sessionSettings: ['user Strng'] }, place)
    expect(diagnostics).toMatchObject([{ place }, { code: 'AUD301', place: { line: 3, column: 16 } }])
  })
})

test('the option table has a row for every option', () => {
  const rows = renderOptionTable().trimEnd().split('\n').slice(2)
  expect(rows.map((row) => /^\| `(\w+)`/.exec(row)?.[1])).toEqual(Object.keys(OPTIONS))
})

test('a PostgreSQL datasource is accepted under both of its names', () => {
  expect([...checkDatasource('postgresql'), ...checkDatasource('postgres')]).toEqual([])
})
