import { spawnSync } from 'node:child_process'
import { mkdirSync, rmSync, symlinkSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { runAudit } from '../test/support/audit-command.ts'
import { fullSize, inventLargeProject } from '../test/support/large-project.ts'
import { createPrismaProject } from '../test/support/prisma-project.ts'

/**
 * How long `prisma-generator-audit check` takes on a large project: with no cache, as in CI, and with the one that the last
 * run left. Beside it Node.js that does nothing, and `prisma validate`, which reads the same schema. They alternate, so
 * that the machine's moods meet all; whole processes are timed.
 *
 *     pnpm bench check [--runs 9] [--json]
 */
const { values } = parseArgs({
  options: { runs: { type: 'string', default: '9' }, json: { type: 'boolean', default: false } },
})
const repository = fileURLToPath(new URL('..', import.meta.url))
const large = inventLargeProject(1, fullSize)
const project = await createPrismaProject({ ...large, databaseUrl: 'postgresql://localhost:1/none' })
const modules = join(project.dir, 'node_modules')

const variants = {
  node: async () => {
    spawnSync(process.execPath, ['-e', '0'])
  },
  validate: async () => {
    await project.prisma(['validate'])
  },
  cold: async () => {
    rmSync(join(modules, '.cache'), { recursive: true, force: true })
    await checked()
  },
  warm: checked,
}
type Variant = keyof typeof variants
type Seconds = Readonly<Record<Variant, number>>
const names = Object.keys(variants) as Variant[]

try {
  // Modules of its own, so that it has a cache of its own.
  rmSync(modules)
  mkdirSync(modules)
  symlinkSync(join(repository, 'node_modules/prisma'), join(modules, 'prisma'), 'dir')
  await project.prisma(['generate', '--generator', 'audit'])
  const runs: Seconds[] = []
  for (let turn = 0; turn < Number(values.runs); turn += 1) runs.push(await runAll())
  report(runs)
} finally {
  project.cleanup()
}

/** The cold run leaves the cache that the warm one finds. */
async function runAll(): Promise<Seconds> {
  const seconds = { node: 0, validate: 0, cold: 0, warm: 0 }
  for (const name of names) {
    const start = performance.now()
    await variants[name]()
    seconds[name] = (performance.now() - start) / 1000
  }
  return seconds
}

async function checked(): Promise<void> {
  const { stdout, stderr, exitCode } = await runAudit(project.dir, ['check'])
  if (exitCode !== 0) throw new Error(`check ended with ${exitCode}:\n${stdout}${stderr}`)
}

function report(runs: readonly Seconds[]): void {
  const of = (figure: (run: Seconds) => number) => median(runs.map(figure))
  const seconds = Object.fromEntries(names.map((name) => [name, of((run) => run[name])])) as Seconds
  const ratios = {
    coldOverNode: of((run) => run.cold / run.node),
    warmOverNode: of((run) => run.warm / run.node),
    coldOverValidate: of((run) => run.cold / run.validate),
    warmOverValidate: of((run) => run.warm / run.validate),
  }
  const slowest = Math.max(...runs.map(({ cold }) => cold))
  const size = { models: large.database.tables.length, migrations: Object.keys(large.migrations).length }
  if (values.json) {
    console.log(JSON.stringify({ project: size, runs: runs.length, seconds, ratios, slowestCold: slowest }))
    return
  }
  const s = (value: number) => `${value.toFixed(2)} s`
  const times = (value: number) => `${value.toFixed(1)}`
  console.log(`# How long \`prisma-generator-audit check\` takes

A project of ${size.models} models and ${size.migrations} migrations, every model audited (\`test/support/large-project.ts\`).
Whole processes, medians of ${runs.length} runs that alternate; ratios are taken within one run. \`pnpm bench check\` makes this page.

| command | whole process | × \`node -e 0\` | × \`prisma validate\` |
|---|---|---|---|
| \`node -e 0\` | ${s(seconds.node)} | | |
| \`prisma validate\` | ${s(seconds.validate)} | | |
| \`check\`, no cache | **${s(seconds.cold)}** | ${times(ratios.coldOverNode)} | ${times(ratios.coldOverValidate)} |
| \`check\`, with the cache of the run before | **${s(seconds.warm)}** | ${times(ratios.warmOverNode)} | ${times(ratios.warmOverValidate)} |

The slowest run without a cache took ${s(slowest)}.

${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown processor'}, Node.js ${process.version}.`)
}

function median(figures: readonly number[]): number {
  const sorted = [...figures].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}
