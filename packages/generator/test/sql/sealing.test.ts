import { describe, expect, it, onTestFinished } from 'vitest'
import { createDatabase } from '../../../../test/support/test-database.ts'
import { findChain } from '../../src/cli/find-chain.ts'
import type { SealContent } from '../../src/model/seal.ts'
import { sealHash } from '../../src/seal/seal-hash.ts'
import { homeOf } from '../../src/state/database-state.ts'
import { desiredState } from '../../src/state/desired-state.ts'
import { erase, setUp } from './erasing.ts'
import { column, createSource, model, setting, state, table, type, up } from './fixture.ts'
import { auditedDatabase, connected, findingsOf, HOME, seal, unguarded, verify } from './sealing.ts'

const order = table('Order')
const HISTORY = 'audit."Order_audit"'
const rows = (from: number, to: number) =>
  `INSERT INTO "Order" SELECT g, 'note ' || g FROM generate_series(${from}, ${to}) g`

async function sealed(writes = rows(1, 35), ...tables: readonly ReturnType<typeof table>[]) {
  const database = await auditedDatabase(writes, ...(tables.length === 0 ? [order] : tables))
  const client = await connected(database)
  return { database, client, made: await seal(client) }
}

describe('seal', () => {
  it('seals every history in ranges, goes on where it was, and has nothing to do then', async () => {
    const { client, database, made } = await sealed(rows(1, 35), order, table('Item'))
    expect(made).toEqual([
      { history: '"audit"."Item_audit"', ranges: 0, rows: 0, isWaiting: false },
      { history: '"audit"."Order_audit"', ranges: 4, rows: 35, isWaiting: false },
    ])
    await database.query(`${rows(36, 40)}; INSERT INTO "Item" VALUES (1)`)
    expect(await seal(client)).toMatchObject([{ rows: 1 }, { ranges: 1, rows: 5 }])
    expect(await seal(client)).toMatchObject([{ ranges: 0 }, { ranges: 0 }])
    expect(
      await database.query(
        `SELECT first_id::int, last_id::int, row_count FROM audit.seal WHERE history = '${HISTORY}'::regclass ORDER BY number`,
      ),
    ).toEqual([
      { first_id: 0, last_id: 10, row_count: 10 },
      { first_id: 11, last_id: 20, row_count: 10 },
      { first_id: 21, last_id: 30, row_count: 10 },
      { first_id: 31, last_id: 35, row_count: 5 },
      { first_id: 36, last_id: 40, row_count: 5 },
    ])
    expect(await verify(client)).toMatchObject({
      findings: [],
      seals: 6n,
      isComplete: true,
      anchored: undefined,
      histories: [
        { history: '"audit"."Order_audit"', ranges: 5, rows: 40, unsealed: { rows: 0 } },
        { history: '"audit"."Item_audit"', ranges: 1, rows: 1 },
      ],
    })
  })

  it('its tables are append-only and of nobody but the owner, and made once, whoever else makes them at the same time', async () => {
    const database = await auditedDatabase(rows(1, 5), order)
    const clients = [await connected(database), await connected(database), await connected(database)]
    await Promise.all(clients.map((client) => seal(client)))
    expect(await database.query('SELECT count(*)::int AS n FROM audit.seal')).toEqual([{ n: 1 }])
    for (const name of ['seal', 'seal_salt', 'seal_erasure', 'seal_pruned', 'seal_anchor']) {
      await expect(database.query(`DELETE FROM audit.${name}`)).rejects.toMatchObject({ code: 'AU002' })
      await expect(
        database.query(
          `BEGIN; SET LOCAL session_replication_role = replica; TRUNCATE audit.${name} CASCADE; COMMIT`,
        ),
      ).rejects.toMatchObject({ code: 'AU002' })
    }
    expect(
      await database.query(
        `SELECT c.relname FROM pg_class c, aclexplode(c.relacl) a
         WHERE c.relnamespace = 'audit'::regnamespace AND c.relname LIKE 'seal%' AND a.grantee <> c.relowner`,
      ),
    ).toEqual([])
  })

  it('ids that were rolled back belong to a range, so that nobody can be put there later', async () => {
    const { client, database } = await sealed(`BEGIN; ${rows(1, 15)}; ROLLBACK; ${rows(1, 12)}`)
    expect(await findingsOf(verify(client))).toEqual([])
    await database.query(
      unguarded(
        HISTORY,
        `INSERT INTO ${HISTORY} OVERRIDING SYSTEM VALUE
         SELECT 3, audit_operation, audit_operation_timestamp, audit_transaction_timestamp, audit_current_user, audit_transaction_id, id, note
         FROM ${HISTORY} WHERE audit_id = 20`,
      ),
    )
    expect(await findingsOf(verify(client))).toEqual(['rows-inserted 0–25'])
  })

  it('a baseline, whose rows have negative ids, is sealed with the rows that were written meanwhile', async () => {
    const database = await auditedDatabase('SELECT 1', order)
    await database.query(
      `INSERT INTO ${HISTORY} (audit_id, audit_operation, audit_operation_timestamp, audit_transaction_timestamp, audit_current_user, audit_transaction_id, id)
       OVERRIDING SYSTEM VALUE SELECT - nextval('audit."Order_audit_audit_id_seq"'), 'B', now(), now(), 'x', 1, g FROM generate_series(1, 15) g; ${rows(100, 108)}`,
    )
    const client = await connected(database)
    expect(await seal(client)).toMatchObject([{ rows: 24, ranges: 3 }])
    expect(await findingsOf(verify(client))).toEqual([])
    await database.query(unguarded(HISTORY, `DELETE FROM ${HISTORY} WHERE audit_id = -12`))
    expect(await findingsOf(verify(client))).toEqual(['rows-removed 11–20'])
  })

  it("in a schema that all may write to, a table that is somebody else's is not taken for one of seals", async () => {
    const home = { schema: 'public', shared: true } as const
    const shared = desiredState({ ...model(order), auditSchema: 'public', sharedSchema: true })
    const database = await createDatabase()
    onTestFinished(() => database.drop())
    await database.query(`${createSource(order)} ${up(shared)}`)
    await database.query(rows(1, 5))
    const client = await connected(database)
    const role = `seal_other_${database.name}`
    for (const name of ['audit_seal', 'audit_seal_salt', 'audit_seal_watermark']) {
      await database.query(
        `CREATE ROLE "${role}"; GRANT CREATE ON SCHEMA public TO "${role}"; SET ROLE "${role}"; CREATE TABLE public.${name} (x int); RESET ROLE`,
      )
      await expect(seal(client, {}, home)).rejects.toThrow(
        /belongs to another role|exists already|already exists/,
      )
      await database.query(`DROP OWNED BY "${role}"; DROP ROLE "${role}"`)
    }
    expect(await seal(client, {}, home)).toMatchObject([{ rows: 5 }])
    expect(await findingsOf(verify(client, {}, home))).toEqual([])
  })

  it('a sequence that gives a session several numbers at once is refused, with what to do', async () => {
    const database = await auditedDatabase(rows(1, 5), order)
    await database.query('ALTER SEQUENCE audit."Order_audit_audit_id_seq" CACHE 10')
    expect(await seal(await connected(database))).toMatchObject([
      {
        ranges: 0,
        problem: expect.stringContaining('ALTER SEQUENCE audit."Order_audit_audit_id_seq" CACHE 1'),
      },
    ])
  })

  it('it ends after the range that is under way, and what is sealed stays', async () => {
    const database = await auditedDatabase(rows(1, 35), order)
    const client = await connected(database)
    const stop = new AbortController()
    const run = await seal(client, { signal: stop.signal, onProgress: () => stop.abort() })
    expect(run).toMatchObject([{ ranges: 1, rows: 10 }])
    expect(await findingsOf(verify(client))).toEqual([])
    expect(await seal(client)).toMatchObject([{ ranges: 3, rows: 25 }])
  })
})

describe('no false alarm', () => {
  it('whatever settings a session has that decide how values are written', async () => {
    const everything = table('Order', {
      columns: [
        column('id', 'integer'),
        column('at', 'timestamptz'),
        column('price', 'money'),
        column('span', type('timestamp')),
        column('size', 'double precision'),
        column('bytes', 'bytea'),
        column('doc', 'xml'),
      ],
    })
    const { client } = await sealed(
      `INSERT INTO "Order" VALUES (1, now(), 12.5, now()::timestamp, 0.1, '\\x00ff', '<a/>')`,
      everything,
    )
    await client.query(`SET DateStyle = 'German'; SET TimeZone = 'Asia/Kolkata'; SET extra_float_digits = -5;
      SET bytea_output = 'escape'; SET IntervalStyle = 'postgres_verbose'; SET xmlbinary = 'hex'; SET search_path = public`)
    expect(await findingsOf(verify(client))).toEqual([])
  })

  const total = table('Order', { columns: [...order.columns, column('total', type('varchar', [20]))] })
  const later = (wishes: Parameters<typeof table>[1]) => up(state(table('Order', wishes)), state(total))

  it('after columns were added, renamed, widened, set aside and retired', async () => {
    const { client, database } = await sealed(
      `INSERT INTO "Order" SELECT g, 'a', g FROM generate_series(1, 15) g`,
      total,
    )
    const isFine = async () => expect(await findingsOf(verify(client))).toEqual([])
    await database.query(
      `ALTER TABLE "Order" ADD more int; ${later({ columns: [...total.columns, column('more', 'integer')] })}`,
    )
    await database.query(`INSERT INTO "Order" VALUES (20, 'x', '1', 7)`)
    await isFine()
    await database.query(`ALTER TABLE ${HISTORY} RENAME COLUMN note TO remark`)
    await isFine()
    await database.query(`ALTER TABLE ${HISTORY} ALTER COLUMN total TYPE text`)
    await isFine()
    await database.query(
      `ALTER TABLE ${HISTORY} RENAME COLUMN total TO total__2; ALTER TABLE ${HISTORY} ADD COLUMN total bigint`,
    )
    await isFine()
    await seal(client)
    await isFine()
    await database.query(unguarded(HISTORY, `UPDATE ${HISTORY} SET total = 1 WHERE audit_id = 3`))
    expect(await findingsOf(verify(client))).toEqual(['rows-changed 0–10'])
  })

  it('after the history got another name and another schema', async () => {
    const { client, database } = await sealed()
    await database.query(
      `CREATE SCHEMA other; ALTER TABLE ${HISTORY} RENAME TO "Purchase_audit"; ALTER TABLE audit."Purchase_audit" SET SCHEMA other`,
    )
    expect(await verify(client)).toMatchObject({
      findings: [],
      histories: [{ history: '"other"."Purchase_audit"', rows: 35 }],
    })
    await database.query(
      unguarded('other."Purchase_audit"', `DELETE FROM other."Purchase_audit" WHERE audit_id = 12`),
    )
    expect(await findingsOf(verify(client))).toEqual(['rows-removed 11–20'])
  })

  it.each([
    ['another schema of its own', { auditSchema: 'trail' }],
    ['a schema of the application', { auditSchema: 'public', sharedSchema: true as const }],
  ])('where a migration gives the audit %s: the seals follow', async (_, wanted) => {
    const { client, database } = await sealed()
    const next = desiredState({ ...model(order), ...wanted })
    await database.query(up(next, state(order)))
    const home = homeOf({
      name: wanted.auditSchema,
      ...(wanted.auditSchema === 'public' ? { shared: true } : {}),
    })
    const { chain } = await findChain(client, home)
    expect(chain).toEqual(HOME)
    expect(await verify(client, {}, chain)).toMatchObject({ findings: [], histories: [{ rows: 35 }] })
    await database.query(rows(36, 40))
    expect(await seal(client, {}, home)).toMatchObject([{ rows: 5, ranges: 1 }])
    expect(await findChain(client, home)).toEqual({ isAudited: true, chain: home })
    expect(await verify(client, {}, home)).toMatchObject({
      findings: [],
      seals: 5n,
      histories: [{ rows: 40 }],
    })
    const [seals] = await database.query<{ name: string }>(
      `SELECT c.oid::regclass::text AS name FROM pg_class c WHERE relname IN ('seal', 'audit_seal')`,
    )
    await expect(database.query(`DELETE FROM ${seals?.name}`)).rejects.toMatchObject({ code: 'AU002' })
  })

  it('where a migration of the audit is run again, and after its schema made room for a new one', async () => {
    const { client, database } = await sealed()
    await database.query(up(state(order)))
    expect(await verify(client)).toMatchObject({ findings: [], seals: 4n })
    // As `migrate reset` leaves it: the application's tables are gone, the audit schema is not.
    await database.query(
      `DROP TABLE "Order"; CREATE TABLE "Order" (id int PRIMARY KEY, note text); ${up(state(order))}`,
    )
    await database.query(rows(1, 5))
    expect(await seal(client)).toMatchObject([{ rows: 5 }])
    expect(await verify(client)).toMatchObject({ findings: [], seals: 1n })
    const [{ nspname } = { nspname: '' }] = await database.query<{ nspname: string }>(
      `SELECT nspname FROM pg_namespace WHERE nspname LIKE 'audit\\_stale%'`,
    )
    expect(await verify(client, {}, { schema: nspname })).toMatchObject({ findings: [], seals: 4n })
  })
})

describe('erasure and pruning', () => {
  const person = table('Order', {
    columns: [
      column('id', 'integer'),
      column('note', 'text'),
      column('mail', 'text'),
      column('code', type('char', [4])),
    ],
    settings: [setting('username String?')],
  })
  const people = `INSERT INTO "Order" SELECT g, 'note ' || g, 'mail' || g || '@example.com', 'c' FROM generate_series(1, 25) g`
  it('fields that were erased with their seal verify as erased, once and again; a field set to NULL without is found', async () => {
    const { client, database } = await sealed(people, person)
    const { by } = await setUp(database)
    const row = { history: HISTORY, match: [{ columns: ['id'], value: '15' }] }
    const mine = (statement: string) => database.query(unguarded(HISTORY, statement))
    await erase(client, by, [{ ...row, columns: ['note'] }])
    expect(await verify(client)).toMatchObject({ findings: [] })
    await erase(client, by, [{ ...row, columns: ['mail', 'code'] }])
    expect(await findingsOf(verify(client))).toEqual([])
    const [kept] = await database.query<{ salt: string; fields: string }>(
      `SELECT encode(substr(salts, 65, 16), 'hex') AS salt, (SELECT string_agg(k, ' ') FROM jsonb_array_elements(fields) f, jsonb_object_keys(f) k) AS fields
       FROM audit.seal_salt JOIN audit.seal_erasure USING (seal_number)`,
    )
    expect(kept).toEqual({ salt: '0'.repeat(32), fields: 'salt salt salt commitment commitment commitment' })
    // What is left of the row is still protected.
    await mine(`UPDATE ${HISTORY} SET id = 99 WHERE audit_id = 15`)
    expect(await findingsOf(verify(client))).toEqual(['rows-changed 11–20'])
    await mine(`UPDATE ${HISTORY} SET id = 15, note = 'forged' WHERE audit_id = 15`)
    expect(await findingsOf(verify(client))).toEqual(['rows-changed 11–20'])
    await mine(`UPDATE ${HISTORY} SET note = NULL WHERE audit_id = 15`)
    expect(await findingsOf(verify(client))).toEqual([])
    await mine(`UPDATE ${HISTORY} SET mail = NULL WHERE audit_id = 5`)
    expect(await findingsOf(verify(client))).toEqual(['rows-changed 0–10'])
  })

  it('a range that is recorded as pruned is pruned, and its root is kept; rows that are missing without that are found', async () => {
    const { client, database } = await sealed(people, person)
    await database.query(unguarded(HISTORY, `DELETE FROM ${HISTORY} WHERE audit_id <= 10`))
    expect(await findingsOf(verify(client))).toEqual(['rows-removed 0–10'])
    await database.query('INSERT INTO audit.seal_pruned (seal_number) VALUES (1)')
    expect(await verify(client)).toMatchObject({
      findings: [],
      histories: [{ prunedRanges: 1, prunedRows: 10, ranges: 2 }],
    })
    await database.query(
      unguarded(
        HISTORY,
        `INSERT INTO ${HISTORY} OVERRIDING SYSTEM VALUE SELECT 4, 'I', now(), now(), 'x', 1, NULL, 1`,
      ),
    )
    expect(await findingsOf(verify(client))).toEqual(['rows-inserted 0–10'])
  })
})

describe('anchors', () => {
  const anchors = async (client: Parameters<typeof verify>[0]) => {
    const { rows: all } = await client.query<{ number: string; hash: string }>(
      `SELECT number::text, encode(hash, 'hex') AS hash FROM audit.seal`,
    )
    return all.map(({ number, hash }) => ({ number: BigInt(number), hash }))
  }

  it('the chain that was made anew after a change is consistent, and not what was exported', async () => {
    const { client, database } = await sealed()
    const exported = await anchors(client)
    expect(await verify(client, { anchors: exported })).toMatchObject({ findings: [], anchored: 4n })
    await database.query(
      ['seal_salt', 'seal_erasure', 'seal_pruned', 'seal_anchor', 'seal']
        .map((name) => unguarded(`audit.${name}`, `DELETE FROM audit.${name}`))
        .concat(unguarded(HISTORY, `UPDATE ${HISTORY} SET note = 'forged' WHERE audit_id = 12`))
        .join(';'),
    )
    await seal(client)
    expect(await findingsOf(verify(client))).toEqual([])
    expect(await findingsOf(verify(client, { anchors: exported }))).toEqual(['anchor-mismatch seals 1–4'])
  })

  it('seals that are cut off at the end are missed by an anchor, or by the note of an export', async () => {
    const { client, database } = await sealed()
    const exported = await anchors(client)
    await database.query(
      ['seal_salt', 'seal']
        .map((name) =>
          unguarded(
            `audit.${name}`,
            `DELETE FROM audit.${name} WHERE ${name === 'seal' ? 'number' : 'seal_number'} > 2`,
          ),
        )
        .join(';'),
    )
    expect(await verify(client)).toMatchObject({ findings: [], histories: [{ unsealed: { rows: 15 } }] })
    expect(await findingsOf(verify(client, { anchors: exported }))).toEqual(['seals-removed seals 3–4'])
  })

  it('a seal of a newer version is said to be one, and no tampering', async () => {
    const { client, database } = await sealed()
    const { rows: last } = await client.query(
      `SELECT number, hash, clock_timestamp()::text AS at FROM audit.seal ORDER BY number DESC LIMIT 1`,
    )
    await client.query(`SET TimeZone = 'UTC'`)
    const content: SealContent = {
      format: 2,
      number: 5n,
      historyName: '"audit"."Order_audit"',
      historyOid: '1',
      firstId: 36n,
      lastId: 36n,
      rowCount: 0,
      columns: [],
      sealedAt: '2030-01-01 00:00:00+00',
      root: new Uint8Array(32),
      previous: last[0].hash,
    }
    await client.query(
      `INSERT INTO audit.seal SELECT 5, 2, '${HISTORY}'::regclass, $1, 1, 36, 36, 0, '[]', $2, $3, $4, $5`,
      [content.historyName, content.sealedAt, content.root, content.previous, sealHash(content)],
    )
    expect(await findingsOf(verify(client))).toEqual(['format-unknown 36–36'])
    await database.query(unguarded('audit.seal', 'UPDATE audit.seal SET last_id = 37 WHERE number = 5'))
    expect(await findingsOf(verify(client))).toEqual(['seal-changed 36–37'])
  })
})
