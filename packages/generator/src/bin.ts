import { readFileSync } from 'node:fs'

/** Prisma sets this when it starts a generator. */
const startedByPrisma = process.env.PRISMA_GENERATOR_INVOCATION !== undefined

if (startedByPrisma || process.argv.length === 2) {
  if (process.stdin.isTTY) printUsage()
  else await import('./generator.ts').then(({ serve }) => serve())
} else if (process.argv.includes('--version')) {
  console.log(version())
} else {
  printUsage()
  process.exitCode = process.argv.includes('--help') ? 0 : 1
}

function printUsage(): void {
  console.log(`prisma-generator-audit ${version()}

A Prisma generator: it is run by \`npx prisma generate\` where schema.prisma holds

  generator audit {
    provider        = "prisma-generator-audit"
    output          = "../generated/audit"
    sessionSettings = ["username String"]
  }

  --version   print the version
  --help      print this text`)
}

function version(): string {
  const manifest: { version: string } = JSON.parse(
    readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
  )
  return manifest.version
}
