import { cpus } from 'node:os'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { fullSize, inventLargeProject } from '../test/support/large-project.ts'
import { createPrismaProject, type PrismaProject } from '../test/support/prisma-project.ts'

/**
 * How long `prisma generate` takes on a large project: with the client's generator alone, with one that does
 * nothing beside it, and with the audit's. They alternate, so that the machine's moods meet all. Each has run
 * once before (the audit's cache is warm, its migration written).
 *
 *     tsx bench/compile-time.ts [--runs 7] [--json]
 */
const { values } = parseArgs({
  options: { runs: { type: 'string', default: '7' }, json: { type: 'boolean', default: false } },
})
const variants = ['client', 'silent', 'audit'] as const
type Seconds = Readonly<Record<(typeof variants)[number], number>>

const large = inventLargeProject(1, fullSize)
const silent = fileURLToPath(new URL('silent-generator.js', import.meta.url))
const beside = {
  client: '',
  silent: `generator silent {\n  provider = ${JSON.stringify(silent)}\n  output   = "../generated/silent"\n}\n`,
  audit: large.schema['schema.prisma']?.match(/generator audit \{[^}]*\}/)?.[0] ?? '',
}

const projects: Partial<Record<(typeof variants)[number], PrismaProject>> = {}
try {
  for (const variant of variants) {
    const main = large.schema['schema.prisma']?.replace(beside.audit, beside[variant]) ?? ''
    const schema = { ...large.schema, 'schema.prisma': main }
    projects[variant] = await createPrismaProject({
      ...large,
      schema,
      databaseUrl: 'postgresql://localhost/none',
    })
  }
  const first = await generateAll(0)
  const runs: Seconds[] = []
  for (let n = 0; n < Number(values.runs); n += 1) runs.push(await generateAll(n))
  report(first, runs)
} finally {
  for (const project of Object.values(projects)) project.cleanup()
}

/** One run of each, in an order that changes from run to run. */
async function generateAll(turn: number): Promise<Seconds> {
  const seconds = { client: 0, silent: 0, audit: 0 }
  for (const offset of variants.keys()) {
    const variant = variants[(turn + offset) % variants.length] ?? 'client'
    const start = performance.now()
    await projects[variant]?.prisma(['generate'])
    seconds[variant] = (performance.now() - start) / 1000
  }
  return seconds
}

function report(first: Seconds, runs: readonly Seconds[]): void {
  const middle = (figure: (run: Seconds) => number) => median(runs.map(figure))
  const medians = {
    client: middle((run) => run.client),
    silent: middle((run) => run.silent),
    audit: middle((run) => run.audit),
  }
  const added = {
    silent: middle((run) => run.silent - run.client),
    audit: middle((run) => run.audit - run.client),
    auditOverSilent: middle((run) => run.audit - run.silent),
  }
  const { tables, enums } = large.database
  const project = {
    models: tables.length,
    enums: enums.length,
    migrations: Object.keys(large.migrations).length,
  }
  if (values.json) {
    const ratio = middle((run) => run.audit / run.client)
    console.log(JSON.stringify({ project, runs: runs.length, seconds: medians, added, ratio, first }))
    return
  }
  const s = (value: number) => `${value.toFixed(2)} s`
  console.log(`# What the generator adds to \`prisma generate\`

A project of ${project.models} models, ${project.enums} enums and ${project.migrations} migrations, every model audited (\`test/support/large-project.ts\`).
Medians of ${runs.length} runs that alternate; differences are taken within one run. \`tsx bench/compile-time.ts\` makes this page.

| generators | whole command | more than the client alone |
|---|---|---|
| client | ${s(medians.client)} | |
| client, and one that does nothing | ${s(medians.silent)} | ${s(added.silent)} |
| client, and the audit (cache warm) | ${s(medians.audit)} | **${s(added.audit)}** |

Of the last figure, ${s(added.auditOverSilent)} is the audit's own; Prisma spends the rest on any generator.
The very first run, which reads every migration and writes the audit's, took ${s(first.audit)}.

${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown processor'}, Node.js ${process.version}.`)
}

function median(figures: readonly number[]): number {
  const sorted = [...figures].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}
