import { describe, expect, it } from 'vitest'
import { serverMajor, useTestDatabase } from '../../../../test/support/test-database.ts'
import type { AuditedColumn, AuditedTable } from '../../src/model/audit-model.ts'
import { column, down, install, setting, state, table, up } from './fixture.ts'

const database = await useTestDatabase()
const run = (sql: string) => database.query(sql)

const redacted = (name: string): AuditedColumn => ({ ...column(name, 'text'), policy: 'redact' })
const MARK = '[redacted]'
const CHANGED = '[redacted, changed]'

let count = 0
async function audited(wishes: Partial<AuditedTable> = {}, type = 'text', rest = '') {
  count += 1
  const name = `Login ${count}`
  const wanted = table(name, {
    columns: [column('id', 'integer'), column('note', 'text'), redacted('secret')],
    level: 'row',
    ...wishes,
  })
  await run(`CREATE TABLE "${name}" (id int PRIMARY KEY, note text, secret ${type}) ${rest}`)
  await run(install(wanted))
  const history = async () => {
    const rows = await database.query<{ row: string }>(
      `SELECT audit_operation || ' ' || coalesce(secret, '-') AS row FROM audit."${name}_audit" ORDER BY audit_id`,
    )
    return rows.map(({ row }) => row)
  }
  /** All that the audit holds of the table, as one text. */
  const everything = async () => {
    const rows = await database.query<{ row: string }>(
      `SELECT a::text AS row FROM audit."${name}_audit" AS a`,
    )
    return rows.map(({ row }) => row).join('\n')
  }
  return { name: `"${name}"`, wanted, history, everything }
}

describe('a redacted column', () => {
  it('leaves the fact of each change in the history and never a value: insert, update, upsert, delete', async () => {
    const { name, history, everything } = await audited()
    await run(`INSERT INTO ${name} VALUES (1, 'a', 'hunter1'), (2, 'b', NULL)`)
    await run(`UPDATE ${name} SET note = 'c' WHERE id = 1`)
    await run(`UPDATE ${name} SET secret = 'hunter2' WHERE id = 1`)
    await run(`UPDATE ${name} SET secret = 'hunter3' WHERE id = 2`)
    await run(`INSERT INTO ${name} VALUES (1, 'u', 'hunter4')
      ON CONFLICT (id) DO UPDATE SET secret = EXCLUDED.secret`)
    await run(`UPDATE ${name} SET secret = NULL WHERE id = 1`)
    await run(`DELETE FROM ${name} WHERE id > 1`)
    expect(await history()).toEqual([
      `I ${MARK}`,
      'I -',
      `U ${MARK}`,
      `U ${CHANGED}`,
      `U ${CHANGED}`,
      `U ${CHANGED}`,
      'U -',
      `D ${MARK}`,
    ])
    expect(await everything()).not.toContain('hunter')
  })

  it.skipIf(serverMajor() < 15)('is redacted in what a MERGE leaves', async () => {
    const { name, history, everything } = await audited()
    await run(`INSERT INTO ${name} VALUES (1, 'a', 'hunter1')`)
    await run(`MERGE INTO ${name} t USING (VALUES (1, 'hunter5'), (3, 'hunter6')) s (id, secret) ON t.id = s.id
      WHEN MATCHED THEN UPDATE SET secret = s.secret
      WHEN NOT MATCHED THEN INSERT VALUES (s.id, 'm', s.secret)`)
    expect(await history()).toEqual([`I ${MARK}`, `U ${CHANGED}`, `I ${MARK}`])
    expect(await everything()).not.toContain('hunter')
  })

  it('is redacted in what TRUNCATE, a changed key and COPY leave, too', async () => {
    const { name, history, everything } = await audited()
    await run(`INSERT INTO ${name} SELECT g, 'n', 'hunter' || g FROM generate_series(1, 3) AS g`)
    await run(`UPDATE ${name} SET id = 10, secret = 'hunter10' WHERE id = 1`)
    await run(`TRUNCATE ${name}`)
    const rows = await history()
    expect(rows.slice(3, 5)).toEqual([`D ${MARK}`, `U ${CHANGED}`])
    expect(rows.slice(5)).toEqual([`D ${MARK}`, `D ${MARK}`, `D ${MARK}`])
    expect(await everything()).not.toContain('hunter')
  })

  it('is redacted in every partition', async () => {
    const { name, history, everything } = await audited({}, 'text', 'PARTITION BY RANGE (id)').catch(() => {
      throw new Error('a partitioned table cannot be audited')
    })
    await run(`CREATE TABLE part_of_login PARTITION OF ${name} FOR VALUES FROM (0) TO (100)`)
    await run(`INSERT INTO ${name} VALUES (1, 'a', 'hunter1'); UPDATE part_of_login SET secret = 'hunter2'`)
    expect(await history()).toEqual([`I ${MARK}`, `U ${CHANGED}`])
    expect(await everything()).not.toContain('hunter')
  })

  it('is a change where only changes are recorded', async () => {
    const { name, history } = await audited({ updates: 'changed' })
    await run(`INSERT INTO ${name} VALUES (1, 'a', 'hunter1')`)
    await run(`UPDATE ${name} SET secret = 'hunter1'; UPDATE ${name} SET secret = 'hunter2'`)
    expect(await history()).toEqual([`I ${MARK}`, `U ${CHANGED}`])
  })

  it('at level statement says that there is a value, and not whether it changed', async () => {
    const { name, history, everything } = await audited({ level: 'statement' })
    await run(`INSERT INTO ${name} VALUES (1, 'a', 'hunter1'), (2, 'b', NULL)`)
    await run(`UPDATE ${name} SET secret = 'hunter2'; DELETE FROM ${name}; INSERT INTO ${name} VALUES (3)`)
    expect((await history()).toSorted()).toEqual(
      [`I ${MARK}`, 'I -', `U ${MARK}`, `U ${MARK}`, `D ${MARK}`, `D ${MARK}`, 'I -'].toSorted(),
    )
    expect(await everything()).not.toContain('hunter')
  })

  it.each([
    ['json', `'{"a": 1}'`, `'{"a": 2}'`],
    ['jsonb', `'{"a": 1}'`, `'{"a": 2}'`],
    ['xml', `'<a/>'`, `'<b/>'`],
    ['bytea', `'\\x01'`, `'\\x02'`],
    ['text[]', `'{a,b}'`, `'{a,c}'`],
    ['point', `'(1,2)'`, `'(1,3)'`],
    ['numeric', '1.0', '1.00'],
    ['tsvector', `'a b'`, `'a c'`],
    ['int4range', `'[1,5)'`, `'[1,6)'`],
    ['money', '1', '2'],
    ['char(4)', `'a'`, `'b'`],
    ['text', `repeat('x', 100000)`, `repeat('x', 99999) || 'y'`],
  ])('may be of any type: %s', async (type, first, second) => {
    const { name, history } = await audited({}, type)
    await run(`INSERT INTO ${name} VALUES (1, 'a', ${first})`)
    await run(`UPDATE ${name} SET note = 'b'; UPDATE ${name} SET secret = ${second}; DELETE FROM ${name}`)
    expect(await history()).toEqual([`I ${MARK}`, `U ${MARK}`, `U ${CHANGED}`, `D ${MARK}`])
  })

  it('stays out of what the audit says when it refuses', async () => {
    const { name, everything } = await audited({ settings: [setting('username String')], truncate: 'refuse' })
    const said: string[] = []
    for (const sql of [
      `INSERT INTO ${name} VALUES (1, 'a', 'hunter1')`,
      `BEGIN; SET LOCAL audit.username = 'ann'; INSERT INTO ${name} VALUES (2, 'a', 'hunter2'); TRUNCATE ${name}; COMMIT`,
      `BEGIN ISOLATION LEVEL SERIALIZABLE; SET LOCAL audit.username = 'ann'; INSERT INTO ${name} VALUES (3, 'a', 'hunter3'); TRUNCATE ${name}; COMMIT`,
    ]) {
      await run(sql).catch((error: unknown) =>
        said.push(JSON.stringify(error, Object.getOwnPropertyNames(error))),
      )
      await run('ROLLBACK')
    }
    expect(said).toHaveLength(3)
    expect(said.join('\n')).toMatch(/AU001[\s\S]*AU003/)
    expect(said.join('\n')).not.toContain('hunter')
    expect(await everything()).toBe('')
  })
})

describe('another policy', () => {
  const recorded = table('Door', { columns: [column('id', 'integer'), column('code', 'text')], level: 'row' })
  const hidden = { ...recorded, columns: [column('id', 'integer'), redacted('code')] }
  const rows = () =>
    database.query(`SELECT audit_operation AS op, a.code, to_jsonb(a) ->> 'code__2' AS former, to_jsonb(a) ->> 'code__undone_1' AS undone
      FROM audit."Door_audit" AS a ORDER BY audit_id`)

  it('begins another column, so that values and what stands for them never mix; down.sql and up again', async () => {
    await run(`CREATE TABLE "Door" (id int PRIMARY KEY, code text); ${install(recorded)}`)
    await run(`INSERT INTO "Door" VALUES (1, 'old')`)
    await run(up(state(hidden), state(recorded)))
    await run(`UPDATE "Door" SET code = 'new'`)
    await run(down(state(hidden), state(recorded)))
    await run(`UPDATE "Door" SET code = 'seen'`)
    await run(up(state(hidden), state(recorded)))
    await run(`UPDATE "Door" SET code = 'newer'`)
    expect(await rows()).toEqual([
      { op: 'I', code: null, former: 'old', undone: null },
      { op: 'U', code: null, former: null, undone: CHANGED },
      { op: 'U', code: null, former: 'seen', undone: null },
      { op: 'U', code: CHANGED, former: null, undone: null },
    ])
  })
})
