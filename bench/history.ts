import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { PrismaPg } from '@prisma/adapter-pg'
import pg from 'pg'
import { administer, createDatabaseOn } from '../test/support/database.ts'
import { startDatabaseServer } from '../test/support/database-server.ts'
import { createPrismaProject } from '../test/support/prisma-project.ts'
import { pairedRatio } from './client/ratio.ts'
import { fillHistory, VERSIONS } from './history/large-history.ts'
import { draw, type HistoryClient, isSlow, QUESTIONS, REFERENCES } from './history/questions.ts'
import { type HistoryReport, renderHistoryReport } from './history/report.ts'
import { shuffled } from './shuffled.ts'

/**
 * What reading a large history costs, against a read of the live row and against SQL written by hand.
 *
 *     pnpm bench history [--json FILE] [--rows N] [--rounds N] [--slow-rounds N]
 *
 * `--rows` are those of the history, 10 million unless told otherwise; only then the run goes into `bench/results/history.md`.
 */
const { values } = parseArgs({
  options: {
    json: { type: 'string' },
    rows: { type: 'string', default: '10000000' },
    rounds: { type: 'string', default: '500' },
    'slow-rounds': { type: 'string', default: '5' },
  },
})
const auditRows = Number(values.rows)
const keys = Math.ceil(auditRows / VERSIONS)
const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

const server = await startDatabaseServer()
const database = await createDatabaseOn({
  url: server.url,
  prefix: `prisma_audit_bench_${randomBytes(4).toString('hex')}`,
})
const project = await createPrismaProject({
  schema: readFileSync(here('history/history.prisma'), 'utf8'),
  migrations: { '20260101000000_init': readFileSync(here('history/history.sql'), 'utf8') },
  databaseUrl: database.url,
  git: false,
})
try {
  await project.prisma(['generate'])
  for (const { sql } of await project.migrationFiles())
    await administer(database.url, (client) => client.query(sql))
  await administer(database.url, (client) => fillHistory(client, keys))
  const report = await measure()
  const text = renderHistoryReport(report)
  console.log(text)
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`)
  if (auditRows === 10_000_000) {
    mkdirSync(dirname(here('results/history.md')), { recursive: true })
    writeFileSync(here('results/history.md'), `${text}\n`)
  }
} finally {
  project.cleanup()
  await database.drop()
  await server.stop()
}

async function measure(): Promise<HistoryReport> {
  const { PrismaClient } = await project.importModule<{ PrismaClient: new (options: object) => never }>(
    'generated/client/client.ts',
  )
  const { auditHistory } = await project.importModule<{ auditHistory: () => never }>(
    'generated/audit/history.ts',
  )
  const adapter = () => new PrismaPg({ connectionString: database.url, max: 1 })
  const client = new PrismaClient({ adapter: adapter() }) as { $extends(extension: never): HistoryClient }
  const logging = new PrismaClient({
    adapter: adapter(),
    log: [{ emit: 'event', level: 'query' }],
  }) as HistoryClient & { $extends(extension: never): HistoryClient }
  const history = client.$extends(auditHistory())
  const logged = logging.$extends(auditHistory())
  try {
    const times = await timesOf(history)
    const figures = (name: string) => times.get(name) ?? []
    return {
      machine: `PostgreSQL ${server.version} (${server.kind}), Node.js ${process.version}, ${cpus().length} × ${cpus()[0]?.model.trim()}`,
      auditRows: keys * VERSIONS,
      rows: Object.entries(QUESTIONS).map(([question, { says, against }]) => ({
        question,
        says,
        against: REFERENCES[against].says,
        ratio: pairedRatio(figures(question), figures(against)),
        rounds: figures(question).length,
      })),
      plans: await plansOf(logging, logged),
    }
  } finally {
    await history.$disconnect()
    await logging.$disconnect()
  }
}

async function timesOf(client: HistoryClient): Promise<ReadonlyMap<string, readonly number[]>> {
  const all = { ...REFERENCES, ...QUESTIONS }
  const times = new Map<string, number[]>(Object.keys(all).map((name) => [name, []]))
  const ask = async (names: readonly string[], isKept: boolean) => {
    const chance = draw(keys, Math.random)
    for (const name of shuffled(names)) {
      const start = performance.now()
      await all[name as keyof typeof all].run(client, chance)
      if (isKept) times.get(name)?.push(performance.now() - start)
    }
  }
  const names = Object.keys(all)
  const [slow, quick] = [names.filter(isSlow), names.filter((name) => !isSlow(name))]
  const rounds = Number(values.rounds)
  for (let round = 0; round < rounds + 20; round += 1) await ask(quick, round >= 20)
  for (let round = 0; round < Number(values['slow-rounds']) + 1; round += 1) await ask(slow, round > 0)
  return times
}

/** The statements that were really sent, explained with the values that went with them. */
async function plansOf(logging: HistoryClient, client: HistoryClient): Promise<HistoryReport['plans']> {
  const connection = new pg.Client({ connectionString: database.url })
  await connection.connect()
  const plans: { says: string; statement: string; plan: string }[] = []
  let sent: { query: string; params: string } | undefined
  logging.$on('query', (event) => {
    sent = event
  })
  for (const { says, run } of [...Object.values(QUESTIONS), ...Object.values(REFERENCES)]) {
    await run(client, draw(keys, Math.random))
    await new Promise((resolve) => setTimeout(resolve, 10))
    if (sent === undefined) continue
    const { rows } = await connection.query<{ 'QUERY PLAN': string }>(
      `EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) ${sent.query}`,
      JSON.parse(sent.params),
    )
    const cut = (text: string) => (text.length > 4000 ? `${text.slice(0, 4000)} …` : text)
    plans.push({
      says,
      statement: cut(sent.query),
      plan: rows.map((row) => row['QUERY PLAN'].slice(0, 300)).join('\n'),
    })
  }
  await connection.end()
  return plans
}
