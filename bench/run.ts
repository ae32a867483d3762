/**
 * Runs one benchmark by its name; what stands behind the name is for the benchmark itself.
 *
 *     pnpm bench client --json figures.json
 */
const benchmarks: Readonly<Record<string, { readonly file: string; readonly says: string }>> = {
  check: { file: './check.ts', says: 'how long `prisma-generator-audit check` takes on a large project' },
  client: { file: './client.ts', says: 'what an audited Prisma Client costs, as ratios to the bare one' },
  'compile-time': { file: './compile-time.ts', says: 'what the generator adds to `prisma generate`' },
  verify: { file: './verify.ts', says: 'what sealing and verifying a large history costs' },
  'fold-migrations': {
    file: './fold-migrations.ts',
    says: 'how long a large migrations folder takes to read',
  },
  history: {
    file: './history.ts',
    says: 'what reading a large history costs, as ratios to a read of the live row',
  },
  triggers: {
    file: './triggers.ts',
    says: 'what the triggers cost, as ratios to the bare statement and to the physical limit',
  },
}

const [name] = process.argv.splice(2, 1)
const benchmark = Object.entries(benchmarks).find(([known]) => known === name)?.[1]
if (benchmark === undefined) {
  const width = Math.max(...Object.keys(benchmarks).map((known) => known.length))
  const list = Object.entries(benchmarks).map(([known, { says }]) => `  ${known.padEnd(width)}  ${says}`)
  const problem = name === undefined ? 'Which benchmark?' : `There is no benchmark ${JSON.stringify(name)}.`
  console.error([`${problem} pnpm bench <name> [options], with one of:`, ...list].join('\n'))
  process.exitCode = 1
} else {
  await import(benchmark.file)
}
