import { describe, expect, it } from 'vitest'
import { callErase, erase, setUp } from './erasing.ts'
import { column, setting, table, type } from './fixture.ts'
import { auditedDatabase, connected, findingsOf, seal, unguarded, verify } from './sealing.ts'

const HISTORY = '"audit"."User_audit"'
const user = table('User', {
  columns: [
    column('id', 'integer'),
    column('email', 'text'),
    column('code', type('char', [4])),
    column('profile', 'jsonb'),
  ],
  settings: [setting('username String'), setting('reason String?')],
})
const people = `BEGIN; SELECT set_config('audit.username', 'ann', true), set_config('audit.reason', 'why', true);
  INSERT INTO "User" SELECT g, 'mail' || g || '@example.com', 'c', jsonb_build_object('name', 'n' || g, 'address', jsonb_build_object('street', 's', 'city', 'c'))
  FROM generate_series(1, 25) g; UPDATE "User" SET email = 'new@example.com' WHERE id = 15; COMMIT`

async function people25(isSealed = true) {
  const database = await auditedDatabase(people, user)
  const client = await connected(database)
  if (isSealed) await seal(client)
  const roles = await setUp(database)
  return { database, client, ...roles }
}
const of = (id: number) => [{ columns: ['id'], value: String(id) }]

describe('erasure', () => {
  it('takes the fields of all versions of a row, and no other', async () => {
    const { database, client, by } = await people25()
    const targets = [{ history: HISTORY, match: of(15), columns: ['email', 'code'] }]
    const plan = await callErase(client, by, targets)
    expect(plan).toMatchObject({
      rows: 2,
      number: null,
      targets: [{ rows: 2, names: ['code', 'email'], filled: [2, 2], sealed: 2 }],
    })
    const before = await database.query(`SELECT * FROM ${HISTORY} ORDER BY audit_id`)
    expect(await callErase(client, by, targets, 'asked for', plan.plan)).toMatchObject({ rows: 2, number: 1 })
    const after = await database.query(`SELECT * FROM ${HISTORY} ORDER BY audit_id`)
    expect(after).toEqual(before.map((row) => (row.id === 15 ? { ...row, email: null, code: null } : row)))
    expect(await findingsOf(verify(client))).toEqual([])
    expect(await verify(client)).toMatchObject({
      histories: expect.arrayContaining([expect.objectContaining({ history: HISTORY, erasedRows: 2 })]),
    })
    await database.query(unguarded(HISTORY, `UPDATE ${HISTORY} SET email = 'forged' WHERE id = 15`))
    expect(await findingsOf(verify(client))).toEqual(['rows-changed 11–26'])
  })
  it('takes paths of documents and settings', async () => {
    const { database, client, by } = await people25()
    await erase(client, by, [
      {
        history: HISTORY,
        match: of(15),
        columns: ['audit_username', 'audit_reason', 'audit_current_user'],
        paths: [{ column: 'profile', path: ['address', 'street'] }],
      },
    ])
    expect(await findingsOf(verify(client))).toEqual([])
    expect(
      await database.query(
        `SELECT audit_username, audit_reason, audit_current_user, profile FROM ${HISTORY} WHERE id = 15 LIMIT 1`,
      ),
    ).toEqual([
      {
        audit_username: '[erased]',
        audit_reason: null,
        audit_current_user: '[erased]',
        profile: { name: 'n15', address: { city: 'c' } },
      },
    ])
  })
})
