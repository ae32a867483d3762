/**
 * What it costs that capture can be waived, and what a waiver saves: the same statement on an un-audited table, on audited
 * ones whose capture cannot be waived and can be, and under a waiver; by statement and by row. All take turns in one run;
 * figures are ratios of medians to the un-audited statement.
 *
 *     npx tsx bench/waiver-cost.ts [--json]
 */
import { cpus } from 'node:os'
import pg from 'pg'
import {
  column,
  createSource,
  setting,
  state,
  table,
  type,
  up,
  waivable,
} from '../packages/generator/test/sql/fixture.ts'
import { startDatabaseServer } from '../test/support/database-server.ts'

const LEVELS = ['statement', 'row'] as const
const COLUMNS = [column('id', 'integer'), column('name', 'text'), column('total', type('numeric', [10, 2]))]
const wanted = (name: string, level: (typeof LEVELS)[number] = 'statement') =>
  table(name, { columns: COLUMNS, settings: [setting('username String')], level })
const audited = LEVELS.map((level) => wanted(`${level}`, level))
const open = LEVELS.map((level) => wanted(`${level} waivable`, level))
const WAIVE = `SELECT audit.waive_capture('bench')`

interface Design {
  readonly name: string
  readonly table: string
  readonly before: string
}
const DESIGNS: readonly Design[] = [
  { name: 'plain', table: 'plain', before: '' },
  ...audited.map(({ source }) => ({ name: source.name, table: source.name, before: '' })),
  ...open.map(({ source }) => ({ name: source.name, table: source.name, before: '' })),
  ...open.map(({ source, level }) => ({ name: `${level} waived`, table: source.name, before: WAIVE })),
]

async function prepare(client: pg.Client): Promise<void> {
  await client.query(`SET synchronous_commit = off; SET audit.username = 'bench'`)
  for (const each of [wanted('plain'), ...audited, ...open]) await client.query(createSource(each))
  // A superuser has the rights of every role.
  await client.query(up(state(...audited)))
  const role = 'pg_monitor'
  const from = state(...audited)
  const to = waivable(role, ...audited, ...open)
  // Only those that came with the role leave out what is waived.
  const tables = to.tables.map((each) => {
    const { waivable: _, ...rest } = each
    return audited.some(({ source }) => source.name === each.source.name) ? rest : each
  })
  await client.query(up({ ...to, tables }, from))
}

/** The statement alone is timed, not the waiver before it. */
async function timed(client: pg.Client, before: string, text: string): Promise<number> {
  await client.query(`BEGIN; ${before}`)
  const start = performance.now()
  await client.query(text)
  const time = performance.now() - start
  await client.query('COMMIT')
  return time
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}

async function measure(client: pg.Client, count: number, rounds: number) {
  const times = new Map<string, number[]>()
  for (let round = 0; round < rounds; round += 1) {
    const order = DESIGNS.map((_, index) => DESIGNS[(index + round) % DESIGNS.length]).flatMap(
      (each) => each ?? [],
    )
    for (const { name, table: target, before } of order) {
      const statements = {
        insert: `INSERT INTO "${target}" SELECT g, 'name ' || g, g / 100.0 FROM generate_series(1, ${count}) g`,
        update: `UPDATE "${target}" SET name = name || 'x'`,
        delete: `DELETE FROM "${target}"`,
      }
      for (const [operation, text] of Object.entries(statements)) {
        const time = await timed(client, before, text)
        const key = `${operation} ${name}`
        if (round >= rounds / 10) times.set(key, [...(times.get(key) ?? []), time])
      }
    }
    if (round % 20 === 19) for (const { table: target } of DESIGNS) await client.query(`VACUUM "${target}"`)
  }
  return ['insert', 'update', 'delete'].map((operation) => {
    const plain = median(times.get(`${operation} plain`) ?? [])
    const ratios = DESIGNS.slice(1).map(({ name }) => [
      name,
      median(times.get(`${operation} ${name}`) ?? []) / plain,
    ])
    return {
      statement: `${count}-row ${operation}`,
      plainMilliseconds: plain,
      ratios: Object.fromEntries(ratios),
    }
  })
}

const server = await startDatabaseServer()
const database = `waiver_cost_${process.pid}`
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
    const results = [...(await measure(client, 1, 300)), ...(await measure(client, 1000, 20))]
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
  const names = DESIGNS.slice(1).map(({ name }) => name)
  const lines = results.map(({ statement, plainMilliseconds, ratios }) =>
    [statement, plainMilliseconds.toFixed(3), ...names.map((name) => ratios[name]?.toFixed(2))].join(' | '),
  )
  return [
    `Machine: ${machine}`,
    '',
    `| statement | un-audited, ms | ${names.join(' | ')} |`,
    `|---|---|${names.map(() => '---|').join('')}`,
    ...lines.map((line) => `| ${line} |`),
  ].join('\n')
}
