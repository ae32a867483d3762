import { expect, it } from 'vitest'
import { createDatabase } from '../../../../test/support/test-database.ts'
import { renderEraserSetup } from '../../src/sql/eraser-setup.ts'
import { erase, rolesOf } from '../sql/erasing.ts'
import { column, createSource, install, table } from '../sql/fixture.ts'
import { connected, findingsOf, HOME, seal, unguarded, verify } from '../sql/sealing.ts'
import { dumpAndRestore } from './program.ts'

const order = table('Order', {
  columns: [column('id', 'integer'), column('gone', 'text'), column('note', 'text'), column('mail', 'text')],
})
const HISTORY = 'audit."Order_audit"'

it('a database that is restored from a dump is verified by the same seals, renamed columns and other numbers included', async () => {
  const [original, copy] = [await createDatabase(), await createDatabase()]
  try {
    await original.query(`CREATE TABLE shift_oids (); ${createSource(order)} ${install(order)}`)
    const write = (from: number, to: number) =>
      original.query(
        `INSERT INTO "Order" SELECT g, NULL, 'note ' || g, 'mail' FROM generate_series(${from}, ${to}) g`,
      )
    // A column that is not there any more gives those behind it other numbers in the copy.
    await original.query(
      `ALTER TABLE ${HISTORY} ADD COLUMN before_all int; ALTER TABLE ${HISTORY} DROP COLUMN before_all`,
    )
    await original.query(`ALTER TABLE ${HISTORY} ADD COLUMN last text`)
    await write(1, 15)
    const first = await connected(original)
    expect(await seal(first)).toMatchObject([{ rows: 15 }])
    await original.query(`ALTER TABLE ${HISTORY} RENAME COLUMN last TO latest`)
    await write(16, 25)
    expect(await seal(first)).toMatchObject([{ rows: 10 }])
    const { rows: anchors } = await first.query<{ number: string; hash: string }>(
      `SELECT number::text, encode(hash, 'hex') AS hash FROM audit.seal ORDER BY seal.number DESC LIMIT 1`,
    )
    dumpAndRestore(original.url, copy.url)

    const client = await connected(copy)
    const [anchor] = anchors.map(({ number, hash }) => ({ number: BigInt(number), hash }))
    expect(await verify(client, { anchors: anchor === undefined ? [] : [anchor] })).toMatchObject({
      findings: [],
      anchored: 3n,
      histories: [{ rows: 25, unsealed: { rows: 0 } }],
    })
    await copy.query(`INSERT INTO "Order" SELECT g, NULL, 'later', 'mail' FROM generate_series(30, 35) g`)
    expect(await seal(client)).toMatchObject([{ rows: 6 }])
    await copy.query(`ALTER TABLE ${HISTORY} RENAME COLUMN latest TO newest`)
    expect(await findingsOf(verify(client))).toEqual([])
    await expect(copy.query('DELETE FROM audit.seal')).rejects.toMatchObject({ code: 'AU002' })
    await copy.query(unguarded(HISTORY, `UPDATE ${HISTORY} SET note = 'forged' WHERE audit_id = 13`))
    expect(await findingsOf(verify(client))).toEqual(['rows-changed 11–15'])
  } finally {
    await original.drop()
    await copy.drop()
  }
})

it('in a restored database erasure is set up, and what it erases is verified, renamed columns and other numbers included', async () => {
  const [original, copy] = [await createDatabase(), await createDatabase()]
  const roles = rolesOf(original)
  const set = renderEraserSetup({ ...roles, home: HOME })
  try {
    await original.query(`CREATE TABLE shift_oids (); ${createSource(order)} ${install(order)}`)
    await original.query(
      `ALTER TABLE ${HISTORY} ADD COLUMN before_all int; ALTER TABLE ${HISTORY} DROP COLUMN before_all; ALTER TABLE ${HISTORY} ADD COLUMN last text`,
    )
    await original.query(
      `INSERT INTO "Order" SELECT g, 'gone', 'note ' || g, 'mail' FROM generate_series(1, 15) g`,
    )
    await original.query(unguarded(HISTORY, `UPDATE ${HISTORY} SET last = 'last ' || id`))
    const first = await connected(original)
    await seal(first)
    await original.query(`ALTER TABLE ${HISTORY} RENAME COLUMN last TO latest`)
    await original.query(
      `INSERT INTO "Order" SELECT g, NULL, 'note ' || g, 'mail' FROM generate_series(16, 25) g`,
    )
    await original.query(set)
    await erase(first, roles.by, [
      { history: HISTORY, match: [{ columns: ['id'], value: '2' }], columns: ['note', 'latest'] },
    ])
    await seal(first)
    dumpAndRestore(original.url, copy.url)

    const client = await connected(copy)
    expect(await findingsOf(verify(client))).toEqual([])
    await copy.query(`INSERT INTO "Order" VALUES (30, NULL, 'later', 'mail')`)
    await seal(client)
    await copy.query(`ALTER TABLE ${HISTORY} RENAME COLUMN latest TO newest`)
    const targets = ['2', '3', '20'].map((value) => ({
      history: HISTORY,
      match: [{ columns: ['id'], value }],
      columns: ['mail', 'newest', 'gone'],
    }))
    expect(await erase(client, roles.by, targets)).toMatchObject({ rows: 3 })
    expect(await findingsOf(verify(client))).toEqual([])
    expect(
      await copy.query(
        `SELECT id, gone, note, mail, newest FROM ${HISTORY} WHERE id IN (2, 3, 4, 20) ORDER BY id`,
      ),
    ).toEqual([
      { id: 2, gone: null, note: null, mail: null, newest: null },
      { id: 3, gone: null, note: 'note 3', mail: null, newest: null },
      { id: 4, gone: 'gone', note: 'note 4', mail: 'mail', newest: 'last 4' },
      { id: 20, gone: null, note: 'note 20', mail: null, newest: null },
    ])
    await copy.query(set)
    await copy.query(unguarded(HISTORY, `UPDATE ${HISTORY} SET newest = 'forged' WHERE id = 3`))
    expect(await findingsOf(verify(client))).toEqual(['rows-changed 0–10'])
  } finally {
    await copy.drop()
    for (const role of Object.values(roles))
      await original.query(`DROP OWNED BY "${role}" CASCADE; DROP ROLE "${role}"`)
    await original.drop()
  }
})
