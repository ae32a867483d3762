import { readFileSync } from 'node:fs'
import { Command, CommanderError, InvalidArgumentError } from 'commander'
import { DatabaseNotFoundError, findDatabaseUrl } from './find-database.ts'
import { type ServeFlags, serveViewer } from './serve.ts'

type Flags = ServeFlags & { readonly url?: string; readonly config?: string }

/**
 * `npx prisma-audit-viewer`: serves until it is interrupted.
 *
 * @param args what stands behind the program's name
 * @returns the exit code: 0, or 2 where it could not begin (no database, a port in use, an unknown flag)
 */
export async function runCommandLine(args: readonly string[]): Promise<number> {
  const program = new Command('prisma-audit-viewer')
    .description(description)
    .version(version(), '-v, --version', 'print the version')
    .helpOption('-h, --help', 'print this text')
    .option('--url <url>', 'the database, in place of that of the configuration')
    .option('--config <path>', 'the Prisma configuration file')
    .option('--port <number>', 'the port on 127.0.0.1 (default: a free one)', port)
    .option('--no-open', 'do not open a browser; print the link only')
    .option(
      '--actor <setting>',
      'the setting that says who it was (default: username, or what comes next to it)',
    )
    .option('--timeout <seconds>', 'how long one statement may run', seconds, 15)
    .exitOverride()
  try {
    program.parse(args, { from: 'user' })
    const flags = program.opts<Flags>()
    await serveViewer(await findDatabaseUrl(flags, process.cwd()), flags)
    return 0
  } catch (error) {
    // Said already, with a suggestion.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    if (!(error instanceof DatabaseNotFoundError)) throw error
    console.error(error.message)
    return 2
  }
}

function port(text: string): number {
  const number = Number(text)
  if (Number.isInteger(number) && number >= 1 && number <= 65_535) return number
  throw new InvalidArgumentError('A port is a whole number from 1 to 65535.')
}

function seconds(text: string): number {
  const number = Number(text)
  if (Number.isInteger(number) && number >= 1 && number <= 3_600) return number
  throw new InvalidArgumentError('It is a whole number from 1 to 3600.')
}

function version(): string {
  const manifest: { version: string } = JSON.parse(
    readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
  )
  return manifest.version
}

const description = `Shows the audit history of a database in the browser: what happened, each row's timeline, transactions, a chart, and tables as they stood.

Reads only, in READ ONLY transactions. Listens on 127.0.0.1 alone, and answers only who has the token of the link.`
