import { describe, expect, it, onTestFinished } from 'vitest'
import { createDatabase, type TestDatabase } from '../../../../test/support/test-database.ts'
import { FACTS } from '../../src/model/audit-model.ts'
import { makePartitionsOf } from '../../src/sql/keep-partitions.ts'
import { renderPauseTable } from '../../src/sql/pause-table.ts'
import { renderReplica } from '../../src/sql/replica.ts'
import { renderSealTables } from '../../src/sql/seal-tables.ts'
import { type DatabaseState, homeOf } from '../../src/state/database-state.ts'
import { desiredState } from '../../src/state/desired-state.ts'
import { setUp } from './erasing.ts'
import { column, createSource, facts, setting, table, up } from './fixture.ts'
import { setUpPruning } from './pruning.ts'

const columns = [
  column('id', 'integer'),
  { ...column('note', 'text'), whenChanged: true as const },
  { ...column('secret', 'text'), policy: 'redact' as const },
  { ...column('iban', 'text'), policy: 'hash' as const },
]
const settings = [setting('username String'), ...facts(...FACTS, 'unchanged_columns')]
const TABLES = [
  table('Order', { columns, settings, level: 'row' }),
  table('Plain', { columns: [column('id', 'integer')], settings: [setting('username String')] }),
  table('Parted', { columns, settings, level: 'row', partitionBy: 'month' }),
  table('Later', { columns: [column('id', 'integer')] }),
]
const partitionedLater = TABLES.map((each) =>
  each.source.name === 'Later' ? { ...each, partitionBy: 'month' as const } : each,
)

const HOMES = [
  ['a schema of the audit alone', { auditSchema: 'audit' }],
  ['the schema of the application', { auditSchema: 'public', sharedSchema: true }],
] as const

/** A role that has whatever is made from now on, and the objects that were there before. */
async function generousDatabase(): Promise<{ readonly database: TestDatabase; readonly role: string }> {
  const database = await createDatabase()
  const role = `${database.name}_app`
  onTestFinished(async () => {
    await database.query(`DROP OWNED BY "${role}"; DROP ROLE "${role}"`)
    await database.drop()
  })
  await database.query(`CREATE ROLE "${role}"; ${TABLES.map(createSource).join('')}
    CREATE SCHEMA before; CREATE TABLE before.objects AS SELECT oid FROM pg_class UNION ALL SELECT oid FROM pg_proc;`)
  for (const kind of ['TABLES', 'SEQUENCES', 'FUNCTIONS', 'SCHEMAS', 'TYPES']) {
    await database.query(`ALTER DEFAULT PRIVILEGES GRANT ALL ON ${kind} TO "${role}" WITH GRANT OPTION`)
  }
  return { database, role }
}

/** What the role may do, by whatever way, with what was made since. */
async function usable(database: TestDatabase, role: string) {
  const TABLE = ['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']
  const any = (call: string, rights: readonly string[]) =>
    rights.map((right) => `${call.replace('?', `'${right}'`)}`).join(' OR ')
  const rows = await database.query<{ name: string; may: boolean }>(`
    SELECT c.oid::regclass::text AS name, CASE c.relkind
        WHEN 'S' THEN ${any(`has_sequence_privilege('${role}', c.oid, ?)`, ['USAGE', 'SELECT', 'UPDATE'])}
        ELSE ${any(`has_table_privilege('${role}', c.oid, ?)`, TABLE)} OR ${any(`has_any_column_privilege('${role}', c.oid, ?)`, ['SELECT', 'INSERT', 'UPDATE', 'REFERENCES'])}
      END AS may
    FROM pg_class AS c WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S') AND c.oid NOT IN (SELECT oid FROM before.objects)
      AND c.relnamespace IN ('public'::regnamespace, to_regnamespace('audit'))
    UNION ALL
    SELECT p.proname, has_function_privilege('${role}', p.oid, 'EXECUTE') FROM pg_proc AS p
    WHERE p.oid NOT IN (SELECT oid FROM before.objects) AND p.pronamespace IN ('public'::regnamespace, to_regnamespace('audit'))
    ORDER BY 1`)
  const made = rows.map(({ name }) => name.replace(/^audit\.|"/g, ''))
  return { made, may: rows.filter(({ may }) => may).map(({ name }) => name) }
}

async function installAll(database: TestDatabase, home: (typeof HOMES)[number][1]): Promise<DatabaseState> {
  const wanted = (tables: typeof TABLES) => desiredState({ ...home, captureWaiverRole: 'pg_monitor', tables })
  const first = wanted(TABLES)
  const second = wanted(partitionedLater)
  const schema = homeOf(first.schema ?? { name: '' })
  await database.query(up(first))
  await database.query(`${renderSealTables(schema)} ${renderPauseTable(schema)}`)
  await setUp(database, schema)
  await setUpPruning(database, '0 days', schema)
  await database.query(up(second, first))
  for (const each of second.tables.filter(({ partitionBy }) => partitionBy)) {
    for (const statement of makePartitionsOf(each, { kind: 'p' })) await database.query(statement)
  }
  // A month that nobody has made yet.
  const shared = schema.shared ? 'audit_' : ''
  await database.query(
    `CALL ${schema.schema}.${shared}make_partition('${schema.schema}."Parted_audit"', '_2099', $$FOR VALUES FROM ('2099-01-01 UTC') TO ('2099-02-01 UTC')$$)`,
  )
  return second
}

describe.each(HOMES)('in %s', (_, home) => {
  it('what ALTER DEFAULT PRIVILEGES gives another role is taken back, of every object that the audit makes', async () => {
    const { database, role } = await generousDatabase()
    await installAll(database, home)
    const { made, may } = await usable(database, role)
    const shared = 'sharedSchema' in home
    for (const name of [
      'hash_key',
      'hash_value',
      'make_hash_key',
      'capture_waiver',
      'pause',
      'seal',
      'seal_salt',
      'erasure',
      'legal_hold',
      'pruning',
      'erase',
      'prune',
    ]) {
      expect(made).toContain(shared ? `audit_${name}` : name)
    }
    expect(made.filter((name) => /^(Parted|Later)_audit.*20\d\d/.test(name)).length).toBeGreaterThan(10)
    // These two are everybody's: the one says who writes, the other asks first who calls it.
    expect(may).toEqual(['set_context', 'waive_capture'].map((name) => (shared ? `audit_${name}` : name)))
    const rights = await database.query(
      `SELECT has_schema_privilege('${role}', '${home.auditSchema}', 'CREATE') AS make`,
    )
    expect(rights).toEqual([{ make: false }])
  })

  it('so it is on the second server', async () => {
    const { database, role } = await generousDatabase()
    const state = desiredState({ ...home, captureWaiverRole: 'pg_monitor', tables: partitionedLater })
    const script = renderReplica({
      state,
      former: new Map(),
      orders: new Map(),
      formerHomes: [],
      renames: false,
      publication: 'p',
      lockTimeout: 5000,
    })
    await database.query(script)
    await database.query(script)
    const { made, may } = await usable(database, role)
    expect(made).toContain('Order_audit_replicated')
    expect(may).toEqual([])
  })
})
