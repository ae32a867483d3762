import { readFileSync } from 'node:fs'
import { OPTIONS } from './config.ts'
import { serveGenerator } from './generator-protocol.ts'

/** Prisma sets this when it starts a generator; run by hand, nobody would ever speak on stdin. */
const startedByPrisma = process.env.PRISMA_GENERATOR_INVOCATION !== undefined
const [argument] = process.argv.slice(2)

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
} else if (argument === '--version') {
  console.log(version())
} else if (argument === '--help') {
  console.log(usage())
} else if (argument === undefined) {
  console.log(usage())
  process.exitCode = 1
} else {
  console.error(`prisma-generator-audit does not know "${argument}".\n\n${usage()}`)
  process.exitCode = 1
}

function usage(): string {
  return `prisma-generator-audit ${version()}

A Prisma generator: it is run by \`npx prisma generate\` where schema.prisma holds

  generator audit {
    provider        = "prisma-generator-audit"
    output          = "../generated/audit"
    sessionSettings = ["username String"]
  }

  --version   print the version
  --help      print this text`
}

function version(): string {
  const manifest: { version: string } = JSON.parse(
    readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
  )
  return manifest.version
}
