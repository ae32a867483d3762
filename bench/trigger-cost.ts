/**
 * What a trigger costs: the same statement on an un-audited table, on one audited by one capture function, by
 * three (one an operation), and by the row trigger of the project that this one descends from. All four take
 * turns in one run; figures are ratios of medians to the un-audited statement.
 *
 *     npx tsx bench/trigger-cost.ts [--json]
 */
import { cpus } from 'node:os'
import pg from 'pg'
import {
  column,
  createSource,
  install,
  setting,
  table,
  type,
} from '../packages/generator/test/sql/fixture.ts'
import { startDatabaseServer } from '../test/support/database-server.ts'

const DESIGNS = ['plain', 'one', 'three', 'row'] as const
type Design = (typeof DESIGNS)[number]
const COLUMNS = [
  column('id', 'integer'),
  column('name', 'text'),
  column('total', type('numeric', [10, 2])),
  column('at', 'timestamptz'),
  column('done', 'boolean'),
]

const wanted = (name: string) => table(name, { columns: COLUMNS, settings: [setting('username String')] })

/** The row trigger with TG_OP branches, as the ancestor writes it, with quotes and NULLIF added. */
const rowTrigger = `
  CREATE TABLE row_audit (audit_operation varchar(1) NOT NULL, audit_operation_timestamp timestamptz NOT NULL,
    audit_current_user varchar(64) NOT NULL, audit_username text NOT NULL, id int, name text, total numeric(10,2), at timestamptz, done boolean);
  CREATE FUNCTION row_audit() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    IF current_setting('audit.username', false)::text = '' THEN RAISE 'audit.username is required'; END IF;
    IF TG_OP = 'DELETE' THEN
      INSERT INTO row_audit SELECT 'D', now(), current_user, current_setting('audit.username', false), OLD.*; RETURN OLD;
    ELSIF TG_OP = 'UPDATE' THEN
      INSERT INTO row_audit SELECT 'U', now(), current_user, current_setting('audit.username', false), NEW.*; RETURN NEW;
    ELSE
      INSERT INTO row_audit SELECT 'I', now(), current_user, current_setting('audit.username', false), NEW.*; RETURN NEW;
    END IF;
  END $$;
  CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON "row" FOR EACH ROW EXECUTE FUNCTION row_audit();`

async function splitInThree(client: pg.Client): Promise<void> {
  for (const [operation, letter, rows] of [
    ['insert', 'I', 'NEW'],
    ['update', 'U', 'NEW'],
    ['delete', 'D', 'OLD'],
  ] as const) {
    const { rows: found } = await client.query<{ text: string }>(
      `SELECT pg_get_functiondef('audit.three_audit_capture'::regproc) AS text`,
    )
    const text = found[0]?.text ?? ''
    const made = text
      .replace('three_audit_capture', `three_${operation}`)
      .replace('left(TG_OP, 1)', `'${letter}'`)
    await client.query(`${made}; DROP TRIGGER audit_${operation} ON three;
      CREATE TRIGGER audit_${operation} AFTER ${operation} ON three REFERENCING ${rows} TABLE AS changed
      FOR EACH STATEMENT EXECUTE FUNCTION audit.three_${operation}()`)
  }
}

async function prepare(client: pg.Client): Promise<void> {
  await client.query(`SET synchronous_commit = off; SET audit.username = 'bench'`)
  for (const name of DESIGNS) await client.query(createSource(wanted(name)))
  await client.query(install(wanted('one'), wanted('three')))
  await splitInThree(client)
  await client.query(rowTrigger)
}

const rows = (from: number, count: number) =>
  `SELECT g, 'name ' || g, g / 100.0, now(), false FROM generate_series(${from}, ${from + count - 1}) g`

async function timed(client: pg.Client, text: string): Promise<number> {
  const start = performance.now()
  await client.query(text)
  return performance.now() - start
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}

/** Medians in milliseconds: operation → design → time. */
async function measure(client: pg.Client, count: number, rounds: number) {
  const times = new Map<string, number[]>()
  const note = (key: string, time: number) => times.set(key, [...(times.get(key) ?? []), time])
  for (let round = 0; round < rounds; round += 1) {
    // Each round begins with another design, so that none always pays for the one before it.
    const order = DESIGNS.map((_, index) => DESIGNS[(index + round) % DESIGNS.length] ?? 'plain')
    for (const design of order) {
      const isWarm = round >= rounds / 10
      const insert = await timed(client, `INSERT INTO "${design}" ${rows(1, count)}`)
      const update = await timed(client, `UPDATE "${design}" SET name = name || 'x'`)
      const remove = await timed(client, `DELETE FROM "${design}"`)
      if (!isWarm) continue
      note(`insert ${design}`, insert)
      note(`update ${design}`, update)
      note(`delete ${design}`, remove)
    }
    // Dead rows must not pile up under one design more than under another.
    if (round % 20 === 19) for (const design of DESIGNS) await client.query(`VACUUM "${design}"`)
  }
  const of = (operation: string, design: Design) => median(times.get(`${operation} ${design}`) ?? [])
  return ['insert', 'update', 'delete'].map((operation) => ({
    statement: `${count}-row ${operation}`,
    plainMilliseconds: of(operation, 'plain'),
    one: of(operation, 'one') / of(operation, 'plain'),
    three: of(operation, 'three') / of(operation, 'plain'),
    row: of(operation, 'row') / of(operation, 'plain'),
  }))
}

const server = await startDatabaseServer()
const database = `trigger_cost_${process.pid}`
const admin = new pg.Client({ connectionString: server.url })
await admin.connect()
try {
  await admin.query(`CREATE DATABASE ${database} TEMPLATE template0`)
  const url = new URL(server.url)
  url.pathname = `/${database}`
  const client = new pg.Client({ connectionString: url.href })
  await client.connect()
  try {
    await prepare(client)
    const results = [...(await measure(client, 1, 600)), ...(await measure(client, 1000, 40))]
    const machine = `PostgreSQL ${server.version} (${server.kind}), Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model.trim()}`
    console.log(
      process.argv.includes('--json') ? JSON.stringify({ machine, results }) : render(machine, results),
    )
  } finally {
    await client.end()
  }
} finally {
  await admin.query(`DROP DATABASE IF EXISTS ${database} WITH (FORCE)`)
  await admin.end()
  await server.stop()
}

function render(machine: string, results: Awaited<ReturnType<typeof measure>>): string {
  const lines = results.map(
    (each) =>
      `| ${each.statement} | ${each.plainMilliseconds.toFixed(3)} | ${each.one.toFixed(2)} | ${each.three.toFixed(2)} | ${each.row.toFixed(2)} |`,
  )
  return [
    `Machine: ${machine}`,
    '',
    '| statement | un-audited, ms | one function | three functions | row trigger |',
    '|---|---|---|---|---|',
    ...lines,
  ].join('\n')
}
