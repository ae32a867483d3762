import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parseCapture } from '../src/catalog/capture-function.ts'

const migration = readFileSync(
  new URL('../../../prisma/migrations/20261124015811_audit_12_tables/migration.sql', import.meta.url),
  'utf8',
)

test('the function of a history says whose it is, which columns are settings, and what is recorded as it is', () => {
  const bodies = migration.split(/AS \$\w*\$/).filter((text) => text.includes('"order_audit" ('))
  const captures = bodies.flatMap((body) => parseCapture(body.split('$audit$')[0] ?? '') ?? [])
  const [capture] = captures.filter(({ target }) => target.name === 'order_audit')
  expect(capture?.target).toEqual({ schema: 'audit', name: 'order_audit' })
  const fillings = [...(capture?.fillings ?? [])].map(
    ([column, filling]) => `${column}: ${Object.values(filling).join(' ')}`,
  )
  expect(fillings).toEqual([
    'audit_username: setting username',
    'audit_reason: setting reason',
    'audit_request_id: setting request_id',
    'audit_ticket: setting ticket',
    'id: value id',
    'customer_id: value customer_id',
    'channel: value channel',
    'placed_at: value placed_at',
    'paid: value paid',
    'total: value total',
    'exact: value exact',
    'note: value note',
    'client_ip: value client_ip',
    'deliver_at: value deliver_at',
  ])
})

test('names with quotes are read as they are', () => {
  const body = `DECLARE
  "by ""x""" CONSTANT text := nullif(current_setting('audit.x''y', true), '');
BEGIN
  INSERT INTO "a ""b"""."c.d" (
    "by ""x""",
    "n",
    "pl""ain, too",
    "sec""ret",
    "ib""an",
    "big",
    "marks"
  )
  SELECT
    coalesce("by ""x""", "audit"."missing_setting"('audit.x''y', '"public"."t"')),
    (SELECT nullif(current_setting('audit.a, b', true), '')::integer),
    changed."A",
    CASE WHEN changed."sec""ret" IS DISTINCT FROM NULL THEN '[redacted]' END,
    "audit"."hash_value"(changed."ib""an", '"a"."b"', 'iban'),
    CASE WHEN 'big' = ANY ("unchanged_names") THEN NULL ELSE changed."big"::text END,
    "unchanged_numbers"
  FROM changed;`
  const { target, fillings } = parseCapture(body) ?? {}
  expect(target).toEqual({ schema: 'a "b"', name: 'c.d' })
  expect(Object.fromEntries(fillings ?? [])).toEqual({
    'by "x"': { kind: 'setting', name: "x'y" },
    n: { kind: 'setting', name: 'a, b' },
    'pl"ain, too': { kind: 'value', source: 'A' },
    'sec"ret': { kind: 'redacted' },
    'ib"an': { kind: 'hashed' },
    big: { kind: 'value', source: 'big' },
    marks: { kind: 'fact', name: 'unchanged_columns' },
  })
})

test('a function that writes no history says nothing', () => {
  expect(parseCapture('BEGIN RETURN NULL; END')).toBeUndefined()
})
