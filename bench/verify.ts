import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type pg from 'pg'
import { inTransaction } from '../packages/generator/src/cli/database-client.ts'
import { sealHistories } from '../packages/generator/src/cli/seal-histories.ts'
import { PAGE_ROWS } from '../packages/generator/src/cli/seal-pages.ts'
import { verifySeals } from '../packages/generator/src/cli/verify-seals.ts'
import { beginVerifying } from '../packages/generator/src/sql/seal-chain.ts'
import { administer, createDatabaseOn } from '../test/support/database.ts'
import { startDatabaseServer } from '../test/support/database-server.ts'
import { createPrismaProject } from '../test/support/prisma-project.ts'
import { fillHistory, VERSIONS } from './history/large-history.ts'
import { renderVerifyReport, type VerifyReport } from './verify/report.ts'

/**
 * What sealing and verifying a large history costs, against reading all of it once.
 *
 *     pnpm bench verify [--json FILE] [--rows N] [--page ROWS]
 *
 * `--rows` are those of the history, 10 million unless told otherwise; the run goes into `bench/results/verify.md` from a million on.
 */
const { values } = parseArgs({
  options: {
    json: { type: 'string' },
    rows: { type: 'string', default: '10000000' },
    page: { type: 'string', default: String(PAGE_ROWS) },
  },
})
const keys = Math.ceil(Number(values.rows) / VERSIONS)
const auditRows = keys * VERSIONS
const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const home = { schema: 'audit' }
const never = new AbortController().signal

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
  const report = await administer(database.url, measure)
  const text = renderVerifyReport(report)
  console.log(text)
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`)
  if (auditRows >= 1_000_000) {
    mkdirSync(dirname(here('results/verify.md')), { recursive: true })
    writeFileSync(here('results/verify.md'), `${text}\n`)
  }
} finally {
  project.cleanup()
  await database.drop()
  await server.stop()
}

async function measure(client: pg.Client): Promise<VerifyReport> {
  const read = `SELECT pg_catalog.sum(pg_catalog.hashtext(h::text)::bigint) FROM audit."Order_audit" AS h`
  await client.query('SET max_parallel_workers_per_gather = 0')
  await client.query(read)
  const before = process.memoryUsage().rss
  const readMs = await timed(() => client.query(read))
  const sealMs = await timed(() =>
    sealHistories(client, home, {
      size: Number(values.page),
      wait: 60_000,
      signal: never,
      onProgress: () => {},
    }),
  )
  const afterSeal = process.memoryUsage().rss
  let peak = 0
  const verifyMs = await timed(async () => {
    const { findings, histories, isComplete } = await verifySeals(client, home, {
      inSnapshot: (work) => inTransaction(client, beginVerifying(), work),
      anchors: [],
      signal: never,
      onProgress: () => {
        peak = Math.max(peak, process.memoryUsage().rss)
      },
    })
    const rows = histories.reduce((sum, each) => sum + each.rows, 0)
    if (findings.length > 0 || rows !== auditRows || !isComplete) {
      throw new Error(`not what was sealed: ${findings.length} findings, ${rows} rows`)
    }
  })
  const { rows: sizes } = await client.query<{ history: string; seals: string }>(
    `SELECT pg_total_relation_size('audit."Order_audit"') AS history,
       pg_total_relation_size('audit.seal') + pg_total_relation_size('audit.seal_salt') AS seals`,
  )
  return {
    machine: `PostgreSQL ${server.version} (${server.kind}), Node.js ${process.version}, ${cpus().length} × ${cpus()[0]?.model.trim()}`,
    auditRows,
    pageRows: Number(values.page),
    readMs,
    sealMs,
    verifyMs,
    memory: { before, afterSeal, peak },
    bytes: { history: Number(sizes[0]?.history), seals: Number(sizes[0]?.seals) },
  }
}

async function timed(run: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await run()
  return performance.now() - start
}
