import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { administer, createDatabaseOn } from '../test/support/database.ts'
import { startDatabaseServer } from '../test/support/database-server.ts'
import { median } from './client/ratio.ts'
import { shuffled } from './shuffled.ts'
import { runPgbench } from './triggers/pgbench.ts'
import { renderTriggers, type TriggerReport, type TriggerRow } from './triggers/report.ts'
import { createTable, VARIANT_NAMES, type VariantName, variantOf } from './triggers/variants.ts'
import { rowsOf, variableOf, WORKLOADS, type Workload } from './triggers/workloads.ts'

/**
 * What the emitted triggers cost: each workload on tables that are recorded in each of several ways, or not at all, drawn
 * at random within one run of pgbench on the same connections, or in turns where a call takes so long that there are few.
 *
 *     pnpm bench triggers [--json FILE] [--runs N] [--quick] [--workloads insert-1,update-1] [--variants bare,limit,statement]
 *
 * A figure is the median of the runs, with the lowest and the highest. `--quick` only shows that it runs, without the
 * workloads of 100000 rows. The whole run
 * also goes into `bench/results/triggers.md`.
 */
const { values } = parseArgs({
  options: {
    json: { type: 'string' },
    runs: { type: 'string' },
    quick: { type: 'boolean', default: false },
    workloads: { type: 'string' },
    variants: { type: 'string' },
  },
})
const isWhole = !values.quick && values.workloads === undefined && values.variants === undefined
const known = Object.keys(WORKLOADS).filter(
  (name) => !values.quick || values.workloads !== undefined || !name.endsWith('-100000'),
)
const workloads = chosen('workload', values.workloads, known)
const variants = chosen<VariantName>('variant', values.variants, VARIANT_NAMES)
const runs = Number(values.runs ?? (values.quick ? 1 : 3))

interface Measured {
  /** Microseconds, the median of the calls. */
  readonly times: ReadonlyMap<VariantName, number>
  /** Of a row of the history, its share of the indexes included. */
  readonly bytes: ReadonlyMap<VariantName, number>
}

const isBusy = (loadavg()[0] ?? 0) > 1
const server = await startDatabaseServer()
try {
  const rows: TriggerRow[] = []
  for (const name of workloads) {
    console.error(name)
    rows.push(...(await measureWorkload(name)))
  }
  const machine = `PostgreSQL ${server.version} (${server.kind}), ${cpus().length} × ${cpus()[0]?.model.trim()}`
  const report: TriggerReport = { machine, isBusy, runs, rows }
  const text = renderTriggers(report)
  console.log(text)
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`)
  if (isWhole) {
    const file = fileURLToPath(new URL('results/triggers.md', import.meta.url))
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, `${text}\n`)
  }
} finally {
  await server.stop()
}

async function measureWorkload(name: string): Promise<readonly TriggerRow[]> {
  const workload = WORKLOADS[name]
  if (workload === undefined) throw new Error(`no workload ${name}`)
  const measured: Measured[] = []
  while (measured.length < runs) {
    const run = await measure(workload)
    if (run !== undefined) measured.push(run)
  }
  const over = (variant: VariantName, reference: VariantName) =>
    measured.map(({ times }) => (times.get(variant) ?? Number.NaN) / (times.get(reference) ?? Number.NaN))
  return variants.map((variant) => {
    const [toBare, toLimit] = [over(variant, 'bare'), over(variant, 'limit')]
    const bytes = measured.flatMap((each) => each.bytes.get(variant) ?? [])
    return {
      workload: name,
      variant,
      ratioToBare: median(toBare),
      ratioToLimit: median(toLimit),
      toBare,
      toLimit,
      microseconds: median(measured.map(({ times }) => times.get(variant) ?? Number.NaN)),
      ...(bytes.length === 0 ? {} : { bytesPerChange: median(bytes) }),
    }
  })
}

/** @returns undefined where chance, where it draws, has drawn one of them not even once */
async function measure(workload: Workload): Promise<Measured | undefined> {
  const calls = values.quick ? 3 : workload.calls
  const { clients, shape } = workload
  const database = await createDatabaseOn({ url: server.url, prefix: 'audit_bench_triggers' })
  try {
    await administer(database.url, async (client) => {
      for (const name of variants) {
        await client.query(createTable(name, shape))
        // Twice as many as it is drawn on average: chance may draw one of them more often.
        const filled = workload.filled(workload.inTurns ? calls : calls * 2 + 10, clients)
        if (filled > 0)
          await client.query(`INSERT INTO "${name}" ${rowsOf(shape, `generate_series(1, ${filled})`)}`)
        await client.query(variantOf(name).install(name, shape))
      }
      for (const name of variants) await client.query(`VACUUM ANALYZE "${name}"`)
    })
    const scripts = new Map(variants.map((name) => [name as string, workload.script(name, variantOf(name))]))
    const found = workload.inTurns
      ? callInTurns(database.url, scripts, calls)
      : runPgbench({
          url: database.url,
          scripts,
          variables: new Map(variants.map((name) => [variableOf(name), 0])),
          clients,
          calls: calls * variants.length,
        })
    if (variants.some((name) => found.get(name)?.length === 0)) return undefined
    const times = new Map(
      variants.map((name) => {
        const each = found.get(name) ?? []
        // The first calls fill the caches of the connection.
        return [name, median(each.slice(Math.floor(each.length / 10)))] as const
      }),
    )
    const bytes = new Map<VariantName, number>()
    await administer(database.url, async (client) => {
      for (const name of variants) {
        const history = variantOf(name).history?.(name)
        if (history === undefined) continue
        const { rows } = await client.query<{ bytes: number }>(
          `SELECT (coalesce((SELECT sum(pg_total_relation_size(p.relid)) FROM pg_partition_tree('${history}') AS p), pg_total_relation_size('${history}')) / NULLIF((SELECT count(*) FROM ${history}), 0))::float8 AS bytes`,
        )
        bytes.set(name, rows[0]?.bytes ?? Number.NaN)
      }
    })
    return { times, bytes }
  } finally {
    await database.drop()
  }
}

/** One call of each in every round, in an order of chance; of the slow ones in the first round alone. */
function callInTurns(url: string, scripts: ReadonlyMap<string, string>, calls: number) {
  const found = new Map<string, number[]>(variants.map((name) => [name, []]))
  for (let round = 0; round < calls; round += 1) {
    for (const name of shuffled(variants.filter((each) => round === 0 || variantOf(each).isSlow !== true))) {
      const script = new Map([[name, scripts.get(name) ?? '']])
      const variables = new Map([[variableOf(name), round]])
      const [time] = runPgbench({ url, scripts: script, variables, clients: 1, calls: 1 }).get(name) ?? []
      if (time === undefined) throw new Error(`pgbench has logged no call of ${name}`)
      found.get(name)?.push(time)
    }
  }
  return found
}

function chosen<Name extends string>(
  what: string,
  wanted: string | undefined,
  known: readonly Name[],
): readonly Name[] {
  if (wanted === undefined) return known
  return wanted.split(',').map((name) => {
    const found = known.find((each) => each === name)
    if (found === undefined) throw new Error(`There is no ${what} ${name}; there are ${known.join(', ')}.`)
    return found
  })
}
