/**
 * What a trigger costs: the same statement on an un-audited table, on tables audited by statement and by row, each with
 * one capture function and with three (one an operation), and by the row trigger of the project that this one descends
 * from. All take turns in one run; figures are ratios of medians to the un-audited statement.
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

const DESIGNS = ['plain', 'statement', 'statementThree', 'row', 'rowThree', 'ancestor'] as const
type Design = (typeof DESIGNS)[number]
const COLUMNS = [
  column('id', 'integer'),
  column('name', 'text'),
  column('total', type('numeric', [10, 2])),
  column('at', 'timestamptz'),
  column('done', 'boolean'),
]

const wanted = (name: Design, level: 'statement' | 'row') =>
  table(name, { columns: COLUMNS, settings: [setting('username String')], level })
const statement = wanted('statement', 'statement')
const statementThree = wanted('statementThree', 'statement')
const row = wanted('row', 'row')
const rowThree = wanted('rowThree', 'row')

/** The row trigger with TG_OP branches, as the ancestor writes it, with quotes and NULLIF added. */
const ancestorTrigger = `
  CREATE TABLE ancestor_audit (audit_operation varchar(1) NOT NULL, audit_operation_timestamp timestamptz NOT NULL,
    audit_current_user varchar(64) NOT NULL, audit_username text NOT NULL, id int, name text, total numeric(10,2), at timestamptz, done boolean);
  CREATE FUNCTION ancestor_audit() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    IF current_setting('audit.username', false)::text = '' THEN RAISE 'audit.username is required'; END IF;
    IF TG_OP = 'DELETE' THEN
      INSERT INTO ancestor_audit SELECT 'D', now(), current_user, current_setting('audit.username', false), OLD.*; RETURN OLD;
    ELSIF TG_OP = 'UPDATE' THEN
      INSERT INTO ancestor_audit SELECT 'U', now(), current_user, current_setting('audit.username', false), NEW.*; RETURN NEW;
    ELSE
      INSERT INTO ancestor_audit SELECT 'I', now(), current_user, current_setting('audit.username', false), NEW.*; RETURN NEW;
    END IF;
  END $$;
  CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON "ancestor" FOR EACH ROW EXECUTE FUNCTION ancestor_audit();`

/** Gives each operation a function of its own, which need not ask which one it is. */
async function splitInThree(client: pg.Client, design: Design, functionName: string): Promise<void> {
  for (const [operation, letter, rows] of [
    ['insert', 'I', 'NEW'],
    ['update', 'U', 'NEW'],
    ['delete', 'D', 'OLD'],
  ] as const) {
    const { rows: found } = await client.query<{ text: string }>(
      `SELECT pg_get_functiondef('audit."${functionName}"'::regproc) AS text`,
    )
    const made = (found[0]?.text ?? '')
      .replace(functionName, `${design}_${operation}`)
      .replace('left(TG_OP, 1)', `'${letter}'`)
      // At level row the branch of DELETE comes first, and what follows is for the other two.
      .replace(operation === 'delete' ? /END IF;[\s\S]*(?=\nEND)/ : /IF TG_OP = 'DELETE'[\s\S]*?END IF;/, '')
      .replace("IF TG_OP = 'DELETE' THEN", '')
    const level = functionName.endsWith('_row') ? 'ROW' : 'STATEMENT'
    const changed = level === 'ROW' ? '' : `REFERENCING ${rows} TABLE AS changed`
    await client.query(`${made}; DROP TRIGGER audit_${operation} ON "${design}";
      CREATE TRIGGER audit_${operation} AFTER ${operation} ON "${design}" ${changed}
      FOR EACH ${level} EXECUTE FUNCTION audit."${design}_${operation}"()`)
  }
}

async function prepare(client: pg.Client): Promise<void> {
  await client.query(`SET synchronous_commit = off; SET audit.username = 'bench'`)
  for (const name of DESIGNS) await client.query(createSource(wanted(name, 'statement')))
  await client.query(install(row, rowThree, statement, statementThree))
  await splitInThree(client, 'statementThree', 'statementThree_audit_capture')
  await splitInThree(client, 'rowThree', 'rowThree_audit_capture_row')
  await client.query(ancestorTrigger)
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
      const upsert = await timed(
        client,
        `INSERT INTO "${design}" ${rows(1, count)} ON CONFLICT (id) DO UPDATE SET done = true`,
      )
      const remove = await timed(client, `DELETE FROM "${design}"`)
      if (!isWarm) continue
      note(`insert ${design}`, insert)
      note(`update ${design}`, update)
      note(`upsert ${design}`, upsert)
      note(`delete ${design}`, remove)
    }
    // Dead rows must not pile up under one design more than under another.
    if (round % 20 === 19) for (const design of DESIGNS) await client.query(`VACUUM "${design}"`)
  }
  const of = (operation: string, design: Design) => median(times.get(`${operation} ${design}`) ?? [])
  return ['insert', 'update', 'upsert', 'delete'].map((operation) => ({
    statement: `${count}-row ${operation}`,
    plainMilliseconds: of(operation, 'plain'),
    ratios: Object.fromEntries(
      DESIGNS.slice(1).map((design) => [design, of(operation, design) / of(operation, 'plain')]),
    ),
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
  const lines = results.map(({ statement, plainMilliseconds, ratios }) =>
    [statement, plainMilliseconds.toFixed(3), ...Object.values(ratios).map((each) => each.toFixed(2))].join(
      ' | ',
    ),
  )
  return [
    `Machine: ${machine}`,
    '',
    '| statement | un-audited, ms | level statement | … three functions | level row | … three functions | ancestor |',
    '|---|---|---|---|---|---|---|',
    ...lines.map((line) => `| ${line} |`),
  ].join('\n')
}
