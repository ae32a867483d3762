import { afterAll, describe, expect, it } from 'vitest'
import { createDatabase } from '../../../../test/support/test-database.ts'
import { renderDown } from '../../src/sql/render-down.ts'
import { renderMigration } from '../../src/sql/render-migration.ts'
import { EMPTY_STATE } from '../../src/state/database-state.ts'
import { desiredState } from '../../src/state/desired-state.ts'
import { diffState } from '../../src/state/diff-state.ts'
import { planMigration } from '../../src/state/migration-plan.ts'
import { createSource, setting, table } from './fixture.ts'

const order = table('Order', { settings: [setting('username String')] })
const to = desiredState({ auditSchema: 'public', sharedSchema: true, tables: [order] })
const plan = planMigration(EMPTY_STATE, diffState(EMPTY_STATE, to))
const migration = renderMigration(plan, { from: EMPTY_STATE })
const back = renderDown(plan, { from: EMPTY_STATE })
const write = (id: number) =>
  `BEGIN; SELECT audit_set_context('{"username": "ann"}'); INSERT INTO "Order" VALUES (${id}, 'a'); COMMIT`

describe('audit tables beside those of the application', () => {
  it('are installed, and again, without a word on the schema itself', async () => {
    const database = await useFresh()
    const rights = `SELECT nspacl::text, nspowner, obj_description(oid) FROM pg_namespace WHERE nspname = 'public'`
    const before = await database.query(rights)
    await database.query(migration)
    await database.query(migration)
    await database.query(write(1))
    expect(await database.query(rights)).toEqual(before)
    expect(await database.query('SELECT id, audit_username FROM "Order_audit"')).toEqual([
      { id: 1, audit_username: 'ann' },
    ])
  })

  it('go down and up again and keep their history', async () => {
    const database = await useFresh()
    await database.query(migration)
    await database.query(write(1))
    await database.query(back)
    await database.query(`INSERT INTO "Order" VALUES (2, 'unrecorded')`)
    await database.query(migration)
    await database.query(write(3))
    expect(await database.query('SELECT id FROM "Order_audit" ORDER BY audit_id')).toEqual([
      { id: 1 },
      { id: 3 },
    ])
  })

  it('say in the error of a missing setting which function to call', async () => {
    const database = await useFresh()
    await database.query(migration)
    await expect(database.query(`INSERT INTO "Order" VALUES (1, 'a')`)).rejects.toMatchObject({
      code: 'AU001',
      hint: expect.stringContaining(`SELECT public.audit_set_context('{"username": "..."}')`),
    })
  })
})

const trigger = (name: string) =>
  `CREATE FUNCTION ${name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;`
const taken: readonly (readonly [string, string, string])[] = [
  [
    'a function',
    trigger('public.audit_append_only'),
    'function "public"."audit_append_only"() exists already and does not belong to prisma-generator-audit',
  ],
  [
    "a function called like a table's",
    trigger('public."Order_audit_capture"'),
    'function "public"."Order_audit_capture"() exists already and does not belong to prisma-generator-audit',
  ],
  [
    'a table called like the audit table',
    'CREATE TABLE "Order_audit" (audit_id int)',
    'public."Order_audit" exists already and is no audit table',
  ],
  [
    'an index called like the one on the key',
    'CREATE INDEX "Order_audit_history_key" ON "Order" (note)',
    'public."Order_audit_history_key" exists already and is no index of an audit table',
  ],
]

describe('what belongs to the application', () => {
  it.each(taken)(
    '%s is not overwritten: the migration stops and says what to do',
    async (_, sql, message) => {
      const database = await useFresh()
      await database.query(sql)
      await expect(database.query(migration)).rejects.toMatchObject({
        message,
        hint: expect.stringContaining('npx prisma migrate resolve --rolled-back'),
      })
      await database.query(`INSERT INTO "Order" VALUES (1, 'still possible')`)
    },
  )

  it('a unique index that Prisma names "Order_audit_key" is no obstacle', async () => {
    const database = await useFresh()
    await database.query(
      'ALTER TABLE "Order" ADD COLUMN audit text; CREATE UNIQUE INDEX "Order_audit_key" ON "Order" (audit)',
    )
    await database.query(migration)
    expect(
      await database.query(
        `SELECT indrelid::regclass::text AS table FROM pg_index WHERE indexrelid = '"Order_audit_history_key"'::regclass`,
      ),
    ).toEqual([{ table: '"Order_audit"' }])
  })

  it('a function that somebody else marked as ours is refused: whoever owns it could change it later', async () => {
    const database = await useFresh()
    const attacker = `attacker ${database.name}`
    await database.query(`CREATE ROLE "${attacker}"; GRANT CREATE ON SCHEMA public TO "${attacker}"`)
    afterAll(async () => {
      const { query, drop } = await createDatabase()
      await query(`DROP ROLE IF EXISTS "${attacker}"`)
      await drop()
    })
    await database.query(`SET ROLE "${attacker}"; ${trigger('public."Order_audit_capture"')}
      COMMENT ON FUNCTION public."Order_audit_capture"() IS 'prisma-generator-audit: audit trail'; RESET ROLE`)
    await expect(database.query(migration)).rejects.toMatchObject({
      message: expect.stringContaining('exists already and does not belong to prisma-generator-audit'),
    })
    await database.query(`DROP OWNED BY "${attacker}"`)
  })
})

async function useFresh() {
  const database = await useDatabase()
  await database.query(createSource(order))
  return database
}

const useDatabase = async () => {
  const database = await createDatabase()
  afterAll(() => database.drop())
  return database
}
