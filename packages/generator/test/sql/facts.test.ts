import { expect, it } from 'vitest'
import { useTestDatabase } from '../../../../test/support/test-database.ts'
import type { AuditedTable } from '../../src/model/audit-model.ts'
import { column, createSource, down, facts, install, state, table, up } from './fixture.ts'

const database = await useTestDatabase()
const run = (sql: string) => database.query(sql)

let count = 0
async function audited(wishes: Partial<AuditedTable>) {
  count += 1
  const wanted = table(`Thing ${count}`, wishes)
  await run(createSource(wanted) + install(wanted))
  return { name: `"Thing ${count}"`, history: `audit."Thing ${count}_audit"`, wanted }
}

it('client_addr and application_name are what PostgreSQL knows of the session, at both levels and for a role', async () => {
  for (const level of ['statement', 'row'] as const) {
    const { name, history } = await audited({ settings: facts('client_addr', 'application_name'), level })
    await run(`BEGIN; SET LOCAL application_name = 'night ''job'; INSERT INTO ${name} VALUES (1, 'a'); COMMIT;
      BEGIN; SET LOCAL application_name = ''; SET LOCAL audit.client_addr = '6.6.6.6'; SET LOCAL audit.application_name = 'forged';
      DELETE FROM ${name}; COMMIT`)
    expect(
      await database.query(
        `SELECT audit_client_addr IS NOT DISTINCT FROM inet_client_addr() AS mine, audit_application_name AS app FROM ${history} ORDER BY audit_id`,
      ),
    ).toEqual([
      { mine: true, app: "night 'job" },
      { mine: true, app: null },
    ])
  }
})

it('changed_columns names what an update changed: redacted, hashed and json columns too, and no value', async () => {
  const columns = [
    column('id', 'integer'),
    column('it\'s "odd"', 'text'),
    column('data', 'json'),
    { ...column('token', 'text'), policy: 'redact' as const },
    { ...column('iban', 'text'), policy: 'hash' as const },
  ]
  const { name, history } = await audited({ columns, settings: facts('changed_columns'), level: 'row' })
  await run(`INSERT INTO ${name} VALUES (1, 'a', '{"a": 1}', 't', 'i'); UPDATE ${name} SET token = 'u', iban = 'j';
    UPDATE ${name} SET "it's ""odd""" = NULL, data = '{"a":1}'; UPDATE ${name} SET iban = iban; UPDATE ${name} SET id = 2;
    DELETE FROM ${name}; INSERT INTO ${name} (id) VALUES (3); TRUNCATE ${name}`)
  expect(
    await database.query(
      `SELECT audit_operation AS op, audit_changed_columns AS changed FROM ${history} ORDER BY audit_id`,
    ),
  ).toEqual([
    { op: 'I', changed: null },
    { op: 'U', changed: ['token', 'iban'] },
    { op: 'U', changed: ['it\'s "odd"', 'data'] },
    { op: 'U', changed: [] },
    { op: 'D', changed: null },
    { op: 'U', changed: ['id'] },
    { op: 'D', changed: null },
    { op: 'I', changed: null },
    { op: 'D', changed: null },
  ])
})

it('a fact comes and goes like a setting: history is kept, down.sql and up again work', async () => {
  const { name, history, wanted } = await audited({ level: 'row' })
  const from = state(wanted)
  const to = state({ ...wanted, settings: facts('application_name', 'changed_columns') })
  await run(`INSERT INTO ${name} VALUES (1, 'a')`)
  await run(up(to, from))
  await run(up(to, from))
  await run(`UPDATE ${name} SET note = 'b'`)
  await run(down(to, from))
  await run(`UPDATE ${name} SET note = 'c'`)
  await run(up(to, from))
  await run(`UPDATE ${name} SET note = 'd'`)
  expect(
    await run(`SELECT note, audit_changed_columns AS changed FROM ${history} ORDER BY audit_id`),
  ).toEqual([
    { note: 'a', changed: null },
    { note: 'b', changed: ['note'] },
    { note: 'c', changed: null },
    { note: 'd', changed: ['note'] },
  ])
})

it('a setting that becomes a fact of its name begins another column', async () => {
  const asserted = facts('application_name').map(({ fact: _, ...setting }) => setting)
  const { name, history, wanted } = await audited({ settings: asserted })
  await run(`BEGIN; SET LOCAL audit.application_name = 'said'; INSERT INTO ${name} VALUES (1, 'a'); COMMIT`)
  await run(up(state({ ...wanted, settings: facts('application_name') }), state(wanted)))
  await run(
    `BEGIN; SET LOCAL audit.application_name = 'said'; SET LOCAL application_name = 'known'; DELETE FROM ${name}; COMMIT`,
  )
  expect(
    await run(
      `SELECT audit_application_name AS known, "audit_application_name__2" AS said FROM ${history} ORDER BY audit_id`,
    ),
  ).toEqual([
    { known: null, said: 'said' },
    { known: 'known', said: null },
  ])
})
