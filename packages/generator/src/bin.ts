import { readFileSync } from 'node:fs'
import { OPTIONS } from './config.ts'
import { serveGenerator } from './generator-protocol.ts'

/** Prisma sets this when it starts a generator; run by hand, nobody would ever speak on stdin. */
const startedByPrisma = process.env.PRISMA_GENERATOR_INVOCATION !== undefined

if (startedByPrisma) {
  // Loaded while Prisma is still at work: it asks for the manifest first and long before the rest.
  const generator = import('./generator.ts')
  serveGenerator({
    manifest: () => ({
      version: version(),
      prettyName: 'Audit trail',
      defaultOutput: OPTIONS.output.value,
    }),
    generate: async (options) => console.log(await (await generator).generate(options, process.cwd())),
  })
} else {
  const { runCommandLine } = await import('./cli/command-line.ts')
  process.exitCode = await runCommandLine(process.argv.slice(2), version())
}

function version(): string {
  const manifest: { version: string } = JSON.parse(
    readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
  )
  return manifest.version
}
