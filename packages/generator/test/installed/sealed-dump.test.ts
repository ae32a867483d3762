import { expect, it } from 'vitest'
import { createDatabase } from '../../../../test/support/test-database.ts'
import { column, createSource, install, table } from '../sql/fixture.ts'
import { connected, findingsOf, seal, unguarded, verify } from '../sql/sealing.ts'
import { dumpAndRestore } from './dump.ts'

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
