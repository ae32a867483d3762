import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { prepareSetting } from './client/bench-setting.ts'
import { failuresOf, figuresOf } from './client/figures.ts'
import { type LatencyProxy, startLatencyProxy } from './client/latency-proxy.ts'
import { checkNames } from './client/nameless.ts'
import { type OperationName, operationNames } from './client/operation.ts'
import { type Report, renderReport } from './client/report.ts'
import { measured, type Path, runRound, type Trials, tryAll } from './client/rounds.ts'
import { named, type Variant, type VariantName, variantNames, variants } from './client/variant.ts'
import { startVariant, type VariantWorker } from './client/variant-worker.ts'

/**
 * What an audited Prisma Client costs, as ratios to the bare one: each operation in each variant, in turns, with a proxy
 * before the server that counts round trips, at 0 and at +1 ms. Each variant is a process of its own with one connection.
 *
 *     pnpm bench client [--json FILE] [--runs N] [--minutes M] [--quick] [--ops create,update] [--variants bare,fast-path] [--page FILE]
 *
 * `--runs` is the number of rounds at 0 ms, with half as many at +1 ms, but after `--minutes` of them no further one begins.
 * `--quick` only shows that it runs: three rounds, no peers. The whole run also goes into `bench/results/client.md`, which is
 * that of the newest long-term support of Node.js, or into another page there: each other version has its own.
 */
const { values } = parseArgs({
  options: {
    json: { type: 'string' },
    runs: { type: 'string' },
    minutes: { type: 'string', default: '5' },
    quick: { type: 'boolean', default: false },
    ops: { type: 'string' },
    variants: { type: 'string' },
    page: { type: 'string', default: 'client.md' },
  },
})
const isWhole = !values.quick && values.ops === undefined && values.variants === undefined
const operations = chosen<OperationName>('operation', values.ops, operationNames)
const isPeer = (name: VariantName) => 'isPeer' in variants[name]
const usual = variantNames.filter((name) => !values.quick || !isPeer(name))
const names = chosen<VariantName>('variant', values.variants, usual)
const rounds = Number(values.runs ?? (values.quick ? 3 : 80))

const loadAtStart = loadavg()[0] ?? 0
const setting = await prepareSetting(names.some(isPeer))
const workers: VariantWorker[] = []
const proxies: LatencyProxy[] = []
try {
  for (const name of names) workers.push(startVariant(name, setting.filesOf(name)))
  for (const latency of [0, 1]) proxies.push(await startLatencyProxy(setting.server.url, latency))
  const report = await measure()
  const text = renderReport(report)
  console.log(text)
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`)
  if (isWhole) {
    const file = fileURLToPath(new URL(`results/${values.page}`, import.meta.url))
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, `${text}\n`)
  }
} finally {
  for (const child of [...workers, ...proxies]) child.close()
  await setting.close()
}

async function measure(): Promise<Report> {
  const [near, far] = proxies
  if (near === undefined || far === undefined) throw new Error('there is no proxy')
  const direct: Path = { url: setting.server.url, rounds, warm: 2, calls: 5 }
  const atOnce: Path = { ...direct, url: near.url, proxy: near }
  const later: Path = { url: far.url, proxy: far, rounds: Math.ceil(rounds / 2), warm: 1, calls: 3 }

  const nameless: { op: OperationName; variant: VariantName }[] = []
  const check = checkNames(setting.audited)
  const onTried = async ({ name }: VariantWorker, op: OperationName) => {
    const isAudited = (variants[name] as Variant).database === 'audited'
    if (isAudited && (await check.isLost(name)) && named.has(name)) nameless.push({ op, variant: name })
  }
  const simple = operations.filter((op) => op === 'create' || op === 'update')
  const ours = workers.filter(({ name }) => !isPeer(name))
  const tried = {
    near: await tryAll(atOnce, workers, operations, urlOf, onTried),
    far: await tryAll(later, workers, operations, urlOf, onTried),
    direct: await tryAll(direct, ours, simple, urlOf, onTried),
  }
  const paths: [Path, Trials][] = [
    [atOnce, tried.near],
    [later, tried.far],
    [direct, tried.direct],
  ]
  // The paths take turns too: what the machine does later meets none of them alone.
  const end = performance.now() + Number(values.minutes) * 60_000
  let round = 0
  for (; round < rounds && (round < 2 || performance.now() < end); round += 1)
    for (const [path, trials] of paths) if (isDue(path, round)) await runRound(path, trials, urlOf)

  return {
    machine: `PostgreSQL ${setting.server.version} (${setting.server.kind}), Node.js ${process.version}, ${cpus().length} × ${cpus()[0]?.model.trim()}, load ${loadAtStart.toFixed(1)} at the start`,
    isBusy: loadAtStart > cpus().length,
    rows: [...figuresOf(tried.near, 0), ...figuresOf(tried.far, 1)],
    whole: [...figuresOf(tried.near, 0, 'unaudited'), ...figuresOf(tried.far, 1, 'unaudited')],
    direct: figuresOf(tried.direct, null),
    extend: await extensionCosts(near),
    failures: [...failuresOf(tried.near), ...peerFailure()],
    nameless,
    rounds: { atOnce: round, later: Math.floor((round * later.rounds) / rounds) },
  }
}

function isDue(path: Path, round: number): boolean {
  return Math.floor(((round + 1) * path.rounds) / rounds) > Math.floor((round * path.rounds) / rounds)
}

/** Microseconds of one `$extends`, the median of some runs that take turns. */
async function extensionCosts(proxy: LatencyProxy): Promise<Report['extend']> {
  const runs = new Map<VariantName, number[]>()
  for (let turn = 0; turn < (values.quick ? 1 : 15); turn += 1) {
    for (const worker of workers) {
      const url = setting.urlOf(worker.name, proxy.url)
      const answer = await worker.run({ kind: 'extend', url, calls: values.quick ? 20 : 500 })
      if ('error' in answer) continue
      runs.set(worker.name, [...(runs.get(worker.name) ?? []), ...measured(answer, '$extends').times])
    }
  }
  return [...runs].map(([variant, microseconds]) => ({ variant, microseconds }))
}

function peerFailure(): Report['failures'] {
  if (setting.peerError === undefined) return []
  return names.filter(isPeer).map((variant) => ({ variant, op: 'create', error: setting.peerError ?? '' }))
}

function urlOf(worker: VariantWorker, path: Path): string {
  return setting.urlOf(worker.name, path.url)
}

function chosen<Name extends string>(
  what: string,
  list: string | undefined,
  all: readonly Name[],
): readonly Name[] {
  if (list === undefined) return all
  return list.split(',').map((asked) => {
    const found = all.find((known) => known === asked)
    if (found === undefined) throw new Error(`There is no ${what} "${asked}". There are: ${all.join(', ')}.`)
    return found
  })
}
