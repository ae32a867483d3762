import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { useTestDatabase } from '../../../../test/support/test-database.ts'
import { type AuditedColumn, type AuditedTable, FACTS } from '../../src/model/audit-model.ts'
import { renderEraserSetup } from '../../src/sql/eraser-setup.ts'
import { renderPrunerSetup } from '../../src/sql/pruner-setup.ts'
import { renderReplica } from '../../src/sql/replica.ts'
import { renderSealTables } from '../../src/sql/seal-tables.ts'
import { rolesOf } from '../sql/erasing.ts'
import { column, facts, install, setting, table, up, waivable } from '../sql/fixture.ts'
import { prunersOf } from '../sql/pruning.ts'
import { HOME } from '../sql/sealing.ts'

const database = await useTestDatabase()
const second = await useTestDatabase()
const roles = rolesOf(database)
const pruners = prunersOf(database)
const [available] = await database.query<{ version: string }>(
  `SELECT default_version AS version FROM pg_available_extensions WHERE name = 'plpgsql_check'`,
)
const isMissing = available === undefined
if (isMissing) {
  console.info(
    'plpgsql_check is not installed: no function is checked. On Debian 12: apt-get install postgresql-15-plpgsql-check',
  )
}

const hidden = (policy: 'redact' | 'hash', name: string): AuditedColumn => ({
  ...column(name, 'text'),
  policy,
})
const columns = [
  column('id', 'integer'),
  column('code', 'text'),
  column('at', 'timestamptz'),
  column('status', 'text', true),
  hidden('redact', 'secret'),
  hidden('hash', 'iban'),
]
const settings = [
  'String',
  'Int',
  'BigInt',
  'Float',
  'Boolean',
  'DateTime',
  'Decimal',
  'Uuid',
  'Json',
].flatMap((each) => [
  setting(`needed_${each.toLowerCase()} ${each}`),
  setting(`optional_${each.toLowerCase()} ${each}?`),
])

/** A table for each kind of function that is emitted. */
const TABLES: readonly AuditedTable[] = [
  table('Plain', { columns, settings }),
  table('Recording', { columns, settings, missingSettings: 'record' }),
  table('Refusing', { columns, settings, truncate: 'refuse' }),
  table('Keyless', { columns, settings, key: [] }),
  table('Two keys', { columns, settings, key: ['id', 'code'] }),
  table('By row', { columns, settings, level: 'row' }),
  table('By "row"', { columns, settings, level: 'row', updates: 'changed' }),
  table('By row, keyless', { columns, settings, level: 'row', key: [] }),
  table('Known', {
    columns: [...columns.slice(0, 3), { ...column('code2', 'text'), asText: true }],
    settings: facts(...FACTS),
    level: 'row',
  }),
  table('Big', {
    columns: columns.map((each) =>
      ['code', 'status'].includes(each.name) ? { ...each, whenChanged: true } : each,
    ),
    settings: facts('unchanged_columns'),
    level: 'row',
  }),
  table('Joined', {
    columns: columns.map((each) =>
      each.name === 'id' ? { ...each, name: 'post_id', sourceName: 'id' } : each,
    ),
    key: ['post_id'],
    settings,
  }),
  table('Parted', { columns, settings, level: 'row', key: ['id'], partitionBy: 'month' }),
]

const create = ({ source: { name }, ...audited }: AuditedTable) => {
  const key = name === 'Joined' ? ['id'] : audited.key
  const full = `"${name.replaceAll('"', '""')}"`
  const keyText =
    key.length > 0 ? `, PRIMARY KEY (${key.join()}) ${name === 'Parted' ? '' : 'DEFERRABLE'}` : ''
  return `CREATE TABLE ${full} (id int, code text, at timestamptz, status status, secret text, iban text, code2 int4range${keyText})
    ${name === 'Parted' ? `PARTITION BY HASH (id); CREATE TABLE "Part" PARTITION OF "Parted" FOR VALUES WITH (MODULUS 1, REMAINDER 0)` : ''};`
}

/**
 * What it says with all warnings on, and why that stays: the command is made of regclass, regprocedure and regrole, which
 * PostgreSQL writes with their quotes, and the definitions of rules, indexes and policies with theirs; a STABLE function the planner may call beforehand, rows or no rows; and what an erasure or a
 * pruning puts together are columns from the catalog, by %I, and values, by %L (erasure-attacks.test.ts, prune-attacks.test.ts).
 */
const EXPLAINED = [
  ['audit.compact_partition(regclass,timestamp with time zone)', 'text type variable is not sanitized'],
  ['audit.erase(jsonb,text,text)', 'text type variable is not sanitized'],
  ['audit.keep_private(regclass[],regprocedure[])', 'text type variable is not sanitized'],
  ['audit.make_partition(regclass,text,text)', 'text type variable is not sanitized'],
  ['audit.make_partition(regclass,text,text)', 'the expression is not SQL injection safe'],
  ['audit.missing_setting(text,text)', 'routine is marked as VOLATILE, should be STABLE'],
  ['audit.partition_history(regclass,text)', 'text type variable is not sanitized'],
  ['audit.partition_history(regclass,text)', 'the expression is not SQL injection safe'],
  ['audit.prune(jsonb)', 'text type variable is not sanitized'],
]

/** Every function of the audit in plpgsql, once for each trigger that calls it, and what is found in it. */
const checked = (options: string) => `
  WITH called AS (
    SELECT p.oid::regprocedure AS function, p.prorettype = 'trigger'::regtype AS is_trigger, t.tgrelid, t.tgnewtable, t.tgoldtable
    FROM pg_proc AS p JOIN pg_language AS l ON l.oid = p.prolang AND l.lanname = 'plpgsql'
    LEFT JOIN pg_trigger AS t ON t.tgfoid = p.oid AND t.tgparentid = 0
    WHERE p.pronamespace = 'audit'::regnamespace
  )
  SELECT called.function::text, tgrelid::regclass::text AS relation, is_trigger,
    c.lineno, c.statement, c.sqlstate, c.message, c.detail, c.level, c.query
  FROM called LEFT JOIN LATERAL plpgsql_check_function_tb(
    called.function, coalesce(tgrelid, 0)::regclass, newtable := tgnewtable, oldtable := tgoldtable,
    fatal_errors := false${options}
  ) AS c ON NOT is_trigger OR tgrelid IS NOT NULL
  ORDER BY 1, 2`

beforeAll(async () => {
  if (isMissing) return
  await database.query(
    `CREATE EXTENSION plpgsql_check; CREATE TYPE status AS ENUM ('open', 'done'); ${TABLES.map(create).join('')}`,
  )
  await database.query(up(waivable('pg_monitor', ...TABLES.slice(1))))
  await database.query(install(...TABLES.slice(0, 1)))
  await database.query(
    `${renderSealTables(HOME)} ${renderEraserSetup({ ...roles, home: HOME })} ${renderPrunerSetup({ ...pruners, atLeast: '12 months', home: HOME })}`,
  )
})

afterAll(async () => {
  if (isMissing) return
  for (const role of [...Object.values(roles), ...Object.values(pruners)]) {
    await database.query(`DROP OWNED BY "${role}" CASCADE; DROP ROLE "${role}"`)
  }
})

it.skipIf(isMissing)('plpgsql_check finds nothing in any function that is emitted', async () => {
  const rows = await database.query(checked(''))
  expect(rows.filter((row) => row.is_trigger && row.relation === null)).toEqual([])
  for (const { source } of TABLES) {
    expect(rows.map((row) => row.relation)).toContain(pg.escapeIdentifier(source.name))
  }
  expect(rows.filter((row) => row.message !== null)).toEqual([])
})

it.skipIf(isMissing)('with all warnings on it says what is explained here, and no more', async () => {
  const rows = await database.query(checked(', all_warnings := true'))
  const found = rows.filter((row) => row.message !== null)
  const said = new Map(found.map((row) => [`${row.function} ${row.message}`, [row.function, row.message]]))
  expect([...said.values()].sort()).toEqual(EXPLAINED)
})

it.skipIf(isMissing)(
  'it finds nothing in a function of the second server, nor with all warnings on',
  async () => {
    await second.query('CREATE EXTENSION plpgsql_check')
    await second.query(
      renderReplica({
        state: waivable('pg_monitor', ...TABLES),
        former: new Map(),
        orders: new Map(),
        formerHomes: [],
        renames: false,
        publication: 'p',
        lockTimeout: 5000,
      }),
    )
    const rows = await second.query(checked(', all_warnings := true'))
    expect(rows.filter((row) => row.is_trigger && row.relation === null)).toEqual([])
    const guarded = rows.filter(({ function: name }) => /_replicated"?\(\)$/.test(String(name)))
    const relations = new Set(guarded.map(({ relation }) => String(relation)))
    for (const { names } of TABLES) expect(relations).toContain(`audit.${pg.escapeIdentifier(names.table)}`)
    for (const name of [
      'seal',
      'seal_salt',
      'seal_erasure',
      'seal_pruned',
      'seal_anchor',
      'erasure',
      'capture_waiver',
    ]) {
      expect(relations).toContain(`audit.${name}`)
    }
    const found = rows.filter((row) => row.message !== null).map((row) => [row.function, row.message])
    expect(
      found.filter(([name, message]) => !EXPLAINED.some((each) => each[0] === name && each[1] === message)),
    ).toEqual([])
    await second.query('ALTER TABLE audit.seal DROP COLUMN hash CASCADE')
    const broken = (await second.query(checked(''))).filter((row) => row.sqlstate === '42703')
    expect(broken.map((row) => row.function)).toContain('audit.seal_replicated()')
  },
)

it.skipIf(isMissing)('the check sees a column that a function names and its table lacks', async () => {
  await database.query(
    'ALTER TABLE "Recording" DROP COLUMN at; ALTER TABLE audit."By row_audit" DROP COLUMN at',
  )
  const rows = await database.query(checked(''))
  const found = rows.filter((row) => row.sqlstate === '42703').map((row) => String(row.function))
  for (const name of [
    'Recording_audit_capture',
    'Recording_audit_key',
    'Recording_audit_truncate',
    'By row_audit_key',
  ]) {
    expect(found).toContain(`audit."${name}"()`)
  }
})
