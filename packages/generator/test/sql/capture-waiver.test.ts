import type pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createDatabase, useTestDatabase } from '../../../../test/support/test-database.ts'
import { sqlText, ident as toIdent } from '../../src/sql/sql.ts'
import { applySteps } from '../../src/state/apply-steps.ts'
import { type DatabaseState, EMPTY_STATE } from '../../src/state/database-state.ts'
import { diffState } from '../../src/state/diff-state.ts'
import { createSource, setting, state, table, up, waivable } from './fixture.ts'

const database = await useTestDatabase()
const maintenance = `maintenance ${database.name}`
const member = `member ${database.name}`
const app = `app ${database.name}`
const order = table('Order', { settings: [setting('username String')] })
const item = table('Item', { level: 'row', settings: [setting('username String')] })

const ident = (name: string) => sqlText(toIdent(name))

/** Runs the statements in one transaction of a session that `role` has opened. */
async function as<Row extends pg.QueryResultRow>(role: string, ...statements: readonly string[]) {
  const client = await database.pool({ max: 1 }).connect()
  try {
    await client.query(`SET SESSION AUTHORIZATION ${ident(role)}; BEGIN`)
    let rows: readonly Row[] = []
    for (const statement of statements) rows = (await client.query<Row>(statement)).rows
    await client.query('COMMIT')
    return rows
  } finally {
    client.release(true)
  }
}

const waive = `SELECT audit.waive_capture('merge of duplicates, ticket 4711')`
/** What was left out, and what was recorded, since the last call. */
const told = tellAnew(
  `SELECT concat_ws(' ', audit_operation, source, row_count) AS row FROM audit.capture_waiver`,
)
const recorded = tellAnew(
  `SELECT concat_ws(' ', audit_operation, id) AS row, audit_id FROM audit."Order_audit"
   UNION ALL SELECT concat_ws(' ', audit_operation, id), audit_id FROM audit."Item_audit"`,
)

function tellAnew(select: string) {
  let known = 0
  return async () => {
    const rows = await database.query<{ row: string }>(`${select} ORDER BY audit_id`)
    const news = rows.slice(known).map(({ row }) => row)
    known = rows.length
    return news
  }
}

beforeAll(async () => {
  await database.query(createSource(order) + createSource(item))
  await database.query(up(waivable(maintenance, order, item)))
  for (const role of [maintenance, member, app]) {
    await database.query(`CREATE ROLE ${ident(role)}; GRANT ALL ON "Order", "Item" TO ${ident(role)}`)
  }
  await database.query(`GRANT ${ident(maintenance)} TO ${ident(member)}`)
})
afterAll(async () => {
  for (const role of [member, app, maintenance])
    await database.query(`DROP OWNED BY ${ident(role)}; DROP ROLE ${ident(role)}`)
})

beforeEach(async () => {
  await told()
  await recorded()
})

describe('the escape hatch', () => {
  it('capture can be waived only where the generator compiled it in, only by members of the role, and never without a trace', async () => {
    await as(member, waive, `INSERT INTO "Order" SELECT g, 'a' FROM generate_series(1, 1000) AS g`)
    expect(await recorded()).toEqual([])
    expect(
      await database.query(
        `SELECT audit_operation AS op, audit_current_user AS who, source, row_count::int, reason,
           audit_operation_timestamp > now() - interval '1 minute' AS recent FROM audit.capture_waiver ORDER BY audit_id`,
      ),
    ).toMatchObject([
      { op: 'W', who: member, source: null, row_count: null, reason: 'merge of duplicates, ticket 4711' },
      { op: 'I', who: member, source: '"public"."Order"', row_count: 1000, recent: true },
    ])
    await expect(as(app, waive)).rejects.toMatchObject({ code: 'AU004' })
    expect((await told()).length).toBe(2)

    const without = await createDatabase()
    try {
      await without.query(createSource(order) + up(state({ ...order, settings: [] })))
      await expect(without.query(waive)).rejects.toMatchObject({ code: '42883' })
      await without.query(
        `BEGIN; SET LOCAL audit_capture.waived = 'x'; INSERT INTO "Order" VALUES (1, 'a'); COMMIT`,
      )
      expect(await without.query('SELECT id FROM audit."Order_audit"')).toEqual([{ id: 1 }])
    } finally {
      await without.drop()
    }
  })

  it('tells of every statement, with the number of its rows; row by row once a transaction', async () => {
    for (const name of ['Order', 'Item']) {
      await as(
        member,
        waive,
        `INSERT INTO "${name}" SELECT g, 'a' FROM generate_series(2001, 2003) AS g`,
        `UPDATE "${name}" SET note = 'b' WHERE id > 2001`,
        `UPDATE "${name}" SET note = 'c' WHERE id > 2002`,
        `UPDATE "${name}" SET id = 2004 WHERE id = 2003`,
        `DELETE FROM "${name}" WHERE id > 2000`,
        `DELETE FROM "${name}" WHERE id > 2000`,
        `TRUNCATE "${name}"`,
      )
    }
    const [of, by] = ['"public"."Order"', '"public"."Item"']
    expect(await told()).toEqual([
      ...['W', `I ${of} 3`, `U ${of} 2`, `U ${of} 1`, `D ${of}`, `U ${of} 1`, `D ${of} 3`, `T ${of}`],
      ...['W', `I ${by}`, `U ${by}`, `D ${by}`, `T ${by}`],
    ])
    expect(await recorded()).toEqual([])
  })

  it('needs no context where no history is written, and a reason always', async () => {
    await expect(as(member, `SELECT audit.waive_capture('  ')`)).rejects.toMatchObject({ code: '22023' })
    await expect(as(member, 'SELECT audit.waive_capture(NULL)')).rejects.toMatchObject({
      message: 'a waiver of capture needs a reason',
    })
    expect(await told()).toEqual([])
  })

  it('does not open what the model refuses: TRUNCATE with truncate: refuse', async () => {
    const other = await createDatabase()
    try {
      const strict = table('Order', { truncate: 'refuse' })
      await other.query(createSource(strict) + up(waivable(maintenance, strict)))
      await expect(other.query(`BEGIN; ${waive}; TRUNCATE "Order"`)).rejects.toMatchObject({ code: 'AU003' })
    } finally {
      await other.drop()
    }
  })
})

describe('a waiver ends', () => {
  const insert = (id: number) => `SET LOCAL audit.username = 'ann'; INSERT INTO "Order" VALUES (${id}, 'a')`

  it('with its transaction, also on a connection that is used again', async () => {
    const client = await database.pool({ max: 1 }).connect()
    try {
      await client.query(`BEGIN; ${waive}; ${insert(5001)}; COMMIT`)
      await client.query(`BEGIN; ${insert(5002)}; COMMIT`)
      await client.query(`BEGIN; ${waive}; ${insert(5003)}; ROLLBACK`)
      await client.query(`BEGIN; ${insert(5004)}; COMMIT AND CHAIN; ${insert(5005)}; COMMIT`)
    } finally {
      client.release(true)
    }
    expect(await recorded()).toEqual(['I 5002', 'I 5004', 'I 5005'])
    expect(await told()).toEqual(['W', 'I "public"."Order" 1'])
  })

  it('where its savepoint is rolled back, and with it the row that told of it', async () => {
    await as(member, 'SAVEPOINT s', waive, insert(5010), 'ROLLBACK TO s', insert(5011))
    expect(await recorded()).toEqual(['I 5011'])
    expect(await told()).toEqual([])
  })

  it('row by row as well: a row that told and was rolled back is told again', async () => {
    const item = (id: number) => `INSERT INTO "Item" VALUES (${id}, 'a')`
    await as(member, waive, 'SAVEPOINT s', item(5020), 'ROLLBACK TO s', item(5021), item(5022))
    expect(await recorded()).toEqual([])
    expect(await told()).toEqual(['W', 'I "public"."Item"'])
  })

  it('where the writer ends it', async () => {
    await as(member, waive, insert(5030), `SET LOCAL audit_capture.waived = ''`, insert(5031))
    expect(await recorded()).toEqual(['I 5031'])
    expect(await told()).toEqual(['W', 'I "public"."Order" 1'])
  })

  it('between the D and the U of one changed key: each that is left out is told', async () => {
    await database.query(`CREATE FUNCTION stop() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      PERFORM set_config('audit_capture.waived', '', true); RETURN NULL; END $$;
      CREATE TRIGGER b_stop AFTER UPDATE ON "Order" FOR EACH ROW EXECUTE FUNCTION stop()`)
    await as(member, insert(5040))
    expect(await recorded()).toEqual(['I 5040'])
    await as(
      member,
      waive,
      `SET LOCAL audit.username = 'ann'`,
      'UPDATE "Order" SET id = 5041 WHERE id = 5040',
    )
    await database.query('DROP FUNCTION stop CASCADE')
    expect(await told()).toEqual(['W', 'D "public"."Order"'])
    expect(await recorded()).toEqual(['U 5041'])
  })
})

describe('the role', () => {
  it.each(['quo"te', "apo'strophe", 'back\\slash', '%I %s', '$audit$', 'x'.repeat(20), '猫 🐈'])(
    'may be called %j; it is looked up when it is needed, and its migration does not ask for it',
    async (name) => {
      const role = `${name} ${database.name}`.slice(0, 50)
      const other = await createDatabase()
      try {
        const plain = table('Order')
        await other.query(createSource(plain) + up(waivable(role, plain)))
        await expect(other.query(waive)).rejects.toMatchObject({
          code: 'AU004',
          detail: 'There is no such role in this cluster, so nobody may.',
        })
        await other.query(`CREATE ROLE ${ident(role)}; GRANT ALL ON "Order" TO ${ident(role)}`)
        await other.query(
          `BEGIN; SET LOCAL ROLE ${ident(role)}; ${waive}; INSERT INTO "Order" VALUES (1, 'a'); COMMIT`,
        )
        expect(await other.query('SELECT audit_current_user AS who FROM audit.capture_waiver')).toEqual([
          { who: role },
          { who: role },
        ])
      } finally {
        await other.query(`DROP OWNED BY ${ident(role)}; DROP ROLE IF EXISTS ${ident(role)}`)
        await other.drop()
      }
    },
  )
})

describe('on a database that changes', () => {
  const plain = table('Order')
  async function walk(states: readonly DatabaseState[], visit: (index: number, sql: Query) => Promise<void>) {
    const other = await createDatabase()
    try {
      await other.query(createSource(plain) + createSource(table('Item')))
      let from = EMPTY_STATE
      for (const [index, to] of states.entries()) {
        await other.query(up(to, from))
        from = applySteps(from, diffState(from, to))
        await visit(index, (sql) => other.query(sql))
      }
    } finally {
      await other.drop()
    }
  }
  type Query = (sql: string) => Promise<readonly Record<string, unknown>[]>
  const write = (id: number) => `BEGIN; ${waive}; INSERT INTO "Order" VALUES (${id}, 'a'); COMMIT`

  it('it is turned on, given to another role, and turned off; what was waived stays told', async () => {
    const states = [
      state(plain),
      waivable(maintenance, plain),
      waivable('nobody has it', plain),
      state(plain),
    ]
    await walk(states, async (index, query) => {
      if (index === 1) await query(write(index))
      else await expect(query(write(index))).rejects.toMatchObject({ code: index === 2 ? 'AU004' : '42883' })
      await query('ROLLBACK')
      await query(`INSERT INTO "Order" VALUES (${index + 10}, 'a')`)
      expect(await query('SELECT id FROM audit."Order_audit" WHERE id < 10')).toEqual([])
      expect(await query('SELECT id FROM audit."Order_audit"')).toHaveLength(index + 1)
      if (index > 0) expect(await query('SELECT reason FROM audit.capture_waiver')).toHaveLength(2)
    })
  })

  it('a table that is audited later is waivable from its first write on', async () => {
    await walk(
      [waivable(maintenance, plain), waivable(maintenance, plain, table('Item'))],
      async (index, query) => {
        await query(`BEGIN; ${waive}; INSERT INTO "Item" VALUES (${index}, 'a'); COMMIT`)
        if (index === 0) return
        expect(await query('SELECT id FROM audit."Item_audit"')).toEqual([])
        expect(await query('SELECT source FROM audit.capture_waiver WHERE source IS NOT NULL')).toEqual([
          { source: '"public"."Item"' },
        ])
      },
    )
  })
})
