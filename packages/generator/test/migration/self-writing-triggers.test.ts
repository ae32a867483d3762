import { expect, test } from 'vitest'
import { diagnoseOwnTriggers } from '../../src/diagnose-triggers.ts'
import { selfWritingTriggers } from '../../src/migration/self-writing-triggers.ts'
import type { AuditedTable } from '../../src/model/audit-model.ts'
import { table } from '../sql/fixture.ts'

const TOUCH = `CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
  UPDATE "Order" SET note = 'it''s touched' WHERE id = NEW.id; -- again
  RETURN NULL;
END $body$;
`
const files = (...texts: readonly string[]) =>
  texts.map((text, index) => ({ name: `${index}`, path: `prisma/migrations/${index}/migration.sql`, text }))
const found = (...texts: readonly string[]) =>
  selfWritingTriggers(files(...texts)).map(({ trigger, place }) => `${trigger} ${place.line}:${place.column}`)
const said = (wishes: Partial<AuditedTable>, ...texts: readonly string[]) =>
  diagnoseOwnTriggers(selfWritingTriggers(files(...texts)), [table('Order', wishes)]).map(({ code }) => code)

const trigger = (name: string, rest = 'AFTER INSERT OR UPDATE OF note ON "Order" FOR EACH ROW') =>
  `CREATE TRIGGER ${name} ${rest} EXECUTE FUNCTION touch();\n`

test('a trigger whose function changes its own table is found, with its place', () => {
  expect(found(TOUCH + trigger('touch'))).toEqual(['touch 6:16'])
  expect(found(TOUCH, `-- a comment; CREATE\n${trigger('"Touch it"')}`)).toEqual(['Touch it 2:16'])
  expect(found(TOUCH.replace('"Order"', 'ONLY public . "Order"') + trigger('x'))).toEqual(['x 6:16'])
  expect(found(TOUCH.replace('UPDATE', 'delete from') + trigger('x'))).toEqual(['x 6:16'])
})

test('one that writes elsewhere, fires before, at the end of the transaction, or is gone, is not', () => {
  expect(found(TOUCH.replace('"Order"', 'orders') + trigger('touch'))).toEqual([])
  expect(found(TOUCH + trigger('touch', 'BEFORE UPDATE ON "Order" FOR EACH ROW'))).toEqual([])
  expect(found(TOUCH + trigger('touch', 'AFTER UPDATE ON "Item" FOR EACH ROW'))).toEqual([])
  expect(found(`/* ${TOUCH}*/${trigger('touch')}`)).toEqual([])
  expect(found(`${TOUCH}-- ${trigger('touch')}`)).toEqual([])
  const deferred = 'AFTER UPDATE ON "Order" DEFERRABLE INITIALLY DEFERRED FOR EACH ROW'
  expect(found(TOUCH + trigger('touch', deferred).replace('CREATE', 'CREATE CONSTRAINT'))).toEqual([])
  expect(found(TOUCH + trigger('touch'), 'DROP TRIGGER IF EXISTS touch ON "Order";')).toEqual([])
  expect(found(TOUCH + trigger('touch'), TOUCH.replace('UPDATE "Order"', 'UPDATE log'))).toEqual([])
})

test('an INSERT makes another row, unless it may meet one', () => {
  const insert = TOUCH.replace(/UPDATE.*/, 'INSERT INTO "Order" VALUES (2);')
  expect(found(insert + trigger('touch'))).toEqual([])
  expect(
    found(insert.replace('(2)', '(2) ON CONFLICT (id) DO UPDATE SET note = NULL') + trigger('x')),
  ).toHaveLength(1)
})

test('AUD620: at level statement a row trigger is always first, a statement trigger where it sorts first', () => {
  const byStatement = 'AFTER UPDATE ON "Order" FOR EACH STATEMENT'
  expect(said({}, TOUCH + trigger('touch'))).toEqual(['AUD620'])
  expect(said({}, TOUCH + trigger('touch', byStatement))).toEqual([])
  expect(said({}, TOUCH + trigger('"Touch"', byStatement))).toEqual(['AUD620'])
})

test('AUD621: at level row only one that sorts first', () => {
  expect(said({ level: 'row' }, TOUCH + trigger('touch'))).toEqual([])
  expect(said({ level: 'row' }, TOUCH + trigger('"Touch"'))).toEqual(['AUD621'])
  expect(said({ level: 'row' }, TOUCH + trigger('aa', 'AFTER UPDATE ON other."Order" FOR EACH ROW'))).toEqual(
    [],
  )
})
