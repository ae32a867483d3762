import { cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { fullSize, inventLargeProject } from '../test/support/large-project.ts'
import { createPrismaProject } from '../test/support/prisma-project.ts'

/**
 * How long `prisma generate` takes on a large project with the audit generator's block and without it.
 * The two alternate, so that the machine's moods meet both. Its folder is read once before (cache warm).
 *
 *     tsx bench/compile-time.ts [--runs 7] [--json]
 */
const { values } = parseArgs({
  options: { runs: { type: 'string', default: '7' }, json: { type: 'boolean', default: false } },
})
const runs = Number(values.runs)

const large = inventLargeProject(1, fullSize)
const auditBlock = /generator audit \{[^}]*\}/
const bareSchema = {
  ...large.schema,
  'schema.prisma': large.schema['schema.prisma']?.replace(auditBlock, '') ?? '',
}
const databaseUrl = 'postgresql://localhost/none'

const bare = await createPrismaProject({ ...large, schema: bareSchema, databaseUrl })
const audited = await createPrismaProject({ ...large, databaseUrl })
try {
  const timed = async (project: typeof bare) => {
    const start = performance.now()
    await project.prisma(['generate'])
    return (performance.now() - start) / 1000
  }
  const cold = { bare: await timed(bare), audited: await timed(audited) }
  const seconds: { bare: number; audited: number }[] = []
  for (let n = 0; n < runs; n += 1) {
    const before = n % 2 === 0 ? await timed(bare) : undefined
    const withAudit = await timed(audited)
    seconds.push({ bare: before ?? (await timed(bare)), audited: withAudit })
  }
  report(cold, seconds)
} finally {
  bare.cleanup()
  audited.cleanup()
}

function report(
  first: { bare: number; audited: number },
  all: readonly { bare: number; audited: number }[],
): void {
  const medians = { bare: median(all.map((run) => run.bare)), audited: median(all.map((run) => run.audited)) }
  const difference = median(all.map((run) => run.audited - run.bare))
  const migrations = Object.keys(large.migrations).length
  if (values.json) {
    const project = { models: large.database.tables.length, enums: large.database.enums.length, migrations }
    console.log(
      JSON.stringify({
        project,
        runs,
        seconds: medians,
        difference,
        ratio: medians.audited / medians.bare,
        first,
      }),
    )
    return
  }
  const s = (value: number) => `${value.toFixed(2)} s`
  console.log(`# What the generator adds to \`prisma generate\`

A project of ${large.database.tables.length} models, ${large.database.enums.length} enums and ${migrations} migrations (\`test/support/large-project.ts\`), every model audited.
Medians of ${runs} runs that alternate; \`tsx bench/compile-time.ts\` makes this page.

| | client alone | client and audit | difference |
|---|---|---|---|
| cache warm | ${s(medians.bare)} | ${s(medians.audited)} | **${s(difference)}** |
| first run, which also writes the migration | ${s(first.bare)} | ${s(first.audited)} | ${s(first.audited - first.bare)} |

${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown processor'}, Node.js ${process.version}.`)
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}
