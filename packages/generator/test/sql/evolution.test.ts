import { describe, expect, it } from 'vitest'
import { createDatabase, type TestDatabase } from '../../../../test/support/test-database.ts'
import { renderMigration } from '../../src/sql/render-migration.ts'
import { applySteps } from '../../src/state/apply-steps.ts'
import type { DatabaseState } from '../../src/state/database-state.ts'
import { EMPTY_STATE } from '../../src/state/database-state.ts'
import { diffState } from '../../src/state/diff-state.ts'
import { base, CASES, source } from './evolution-cases.ts'
import { column, down, planBetween, setting, state, up } from './fixture.ts'

/** Functions and triggers of the audit, as the catalog has them. The keys of what was hashed stay, with their guard, and partitions. */
async function catalog(database: TestDatabase) {
  const [row] = await database.query(`
    SELECT
      (SELECT array_agg(pg_get_functiondef(oid) || coalesce(proacl::text, 'PUBLIC') ORDER BY oid::regprocedure::text) FROM pg_proc WHERE pronamespace = 'audit'::regnamespace) AS functions,
      (SELECT array_agg(pg_get_triggerdef(t.oid) || tgenabled::text ORDER BY tgrelid::regclass::text, tgname) FROM pg_trigger t
       WHERE NOT tgisinternal AND NOT (SELECT c.relispartition FROM pg_class c WHERE c.oid = tgrelid) AND tgrelid IS DISTINCT FROM to_regclass('audit.hash_key')) AS triggers`)
  return row
}
async function shape(database: TestDatabase) {
  return await database.query(`
    SELECT a.attname, format_type(a.atttypid, a.atttypmod) AS type, col_description(a.attrelid, a.attnum) AS note
    FROM pg_attribute a WHERE attrelid = 'audit."Order_audit"'::regclass AND attnum > 0 ORDER BY 1`)
}

async function withBase(from: DatabaseState, run: (database: TestDatabase) => Promise<void>) {
  const database = await createDatabase()
  try {
    await database.query(source)
    if (from.schema) await database.query(up(from))
    await run(database)
  } finally {
    await database.drop()
  }
}

const WRITE = `BEGIN; SELECT audit.set_context('{"username": "u", "app_uuid": "6ec0bd7f-11c0-43da-975e-2a8ad9ebae0b", "reason": "r"}');
  INSERT INTO "Order" (id) VALUES ((SELECT coalesce(max(id), 0) + 1 FROM "Order")); COMMIT`

describe('each step', () => {
  it.each(CASES)('$name: the SQL is the golden one, up and down', async ({ name, from, to }) => {
    await expect(up(to, from)).toMatchFileSnapshot(`../golden/sql/${name}.sql`)
    await expect(down(to, from)).toMatchFileSnapshot(`../golden/sql/${name}.down.sql`)
  })

  it.each(CASES)(
    '$name: running it twice leaves what running it once leaves',
    async ({ from, to, prisma }) => {
      await withBase(from, async (database) => {
        if (prisma) await database.query(prisma)
        await database.query(up(to, from))
        const once = [await catalog(database), await shape(database)]
        await database.query(up(to, from))
        expect([await catalog(database), await shape(database)]).toEqual(once)
      })
    },
  )

  it.each(CASES.filter((each) => each.from.schema))(
    '$name: down restores functions and triggers exactly, and up works again',
    async ({ from, to }) => {
      await withBase(from, async (database) => {
        const before = await catalog(database)
        await database.query(WRITE)
        await database.query(up(to, from))
        const after = await catalog(database)
        await database.query(down(to, from))
        expect(await catalog(database)).toEqual(before)
        await database.query(WRITE)
        await database.query(up(to, from))
        expect(await catalog(database)).toEqual(after)
        expect((await database.query('SELECT count(*)::int AS n FROM audit."Order_audit"'))[0]?.n).toBe(2)
      })
    },
    60_000,
  )

  it.each(CASES.filter((each) => each.from.schema))(
    '$name: the audit table is neither rewritten nor read',
    async ({ from, to, prisma }) => {
      await withBase(from, async (database) => {
        await database.query(WRITE)
        // Of a history that becomes partitioned the table that it was has the rows, under another name.
        const file = `SELECT DISTINCT pg_relation_filenode(tableoid::regclass) AS file FROM audit."Order_audit"`
        const before = await database.query(file)
        if (prisma) await database.query(prisma)
        const client = await database.pool({ max: 1 }).connect()
        try {
          await client.query(up(to, from))
        } finally {
          client.release()
        }
        expect(await database.query(file)).toEqual(before)
      })
    },
  )

  it.each(CASES.filter((each) => each.from.schema && each.name !== 'retire-dropped-table'))(
    '$name: writes go on, on connections that were open before',
    async ({ from, to, prisma }) => {
      await withBase(from, async (database) => {
        const client = await database.pool({ max: 1 }).connect()
        try {
          await client.query(WRITE)
          const write = to.tables[0]?.key.includes('note')
            ? WRITE.replace('(id) VALUES ((', "(note, id) VALUES ('n', (")
            : WRITE
          await database.query(
            `${prisma ?? 'SELECT 1'}; ${renderMigration(planBetween(from, to), { from, appended: true })}`,
          )
          await client.query(write)
        } finally {
          client.release()
        }
      })
    },
  )
})

it('a model audited again goes on in its old history', async () => {
  await withBase(state(base), async (database) => {
    await database.query(WRITE)
    await database.query(up(state(), state(base)))
    await database.query(`INSERT INTO "Order" (id) VALUES (50)`)
    const retired = applySteps(state(base), diffState(state(base), state()))
    await database.query(up(state(base), retired))
    await database.query(WRITE)
    expect(await database.query('SELECT id FROM audit."Order_audit" ORDER BY audit_id')).toEqual([
      { id: 1 },
      { id: 51 },
    ])
  })
})

it('going up again after the base migration was taken back goes on in the old history', async () => {
  const database = await createDatabase()
  try {
    await database.query(source + up(state(base)))
    await database.query(WRITE)
    await database.query(down(state(base)))
    await database.query(`INSERT INTO "Order" (id) VALUES (50)`)
    await database.query(up(state(base)))
    await database.query(WRITE)
    expect(await database.query('SELECT id FROM audit."Order_audit" ORDER BY audit_id')).toEqual([
      { id: 1 },
      { id: 51 },
    ])
  } finally {
    await database.drop()
  }
})

it('a database that came step by step equals a fresh one, but for the order of its columns', async () => {
  const final = {
    ...base,
    columns: [...base.columns, column('total', 'integer')],
    settings: [...base.settings, setting('reason String')],
  }
  const seen: unknown[] = []
  for (const path of [[state(base), state(final)], [state(final)]]) {
    await withBase(EMPTY_STATE, async (database) => {
      await database.query('ALTER TABLE "Order" ADD COLUMN total int')
      let from = EMPTY_STATE
      for (const to of path) {
        await database.query(up(to, from))
        from = to
      }
      seen.push([
        await catalog(database),
        await shape(database),
        await database.query(
          `SELECT conname::text, pg_get_expr(conbin, conrelid) AS check FROM pg_constraint WHERE conrelid = 'audit."Order_audit"'::regclass AND contype IN ('c', 'p') ORDER BY 1`,
        ),
      ])
    })
  }
  expect(seen[0]).toEqual(seen[1])
})

it('the same states give the same bytes', () => {
  for (const { from, to } of CASES) expect(up(structuredClone(to), structuredClone(from))).toBe(up(to, from))
})
