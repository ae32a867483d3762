import { Command, CommanderError } from 'commander'
import { MigrationsFolderError } from '../migration/migrations-folder-error.ts'
import { addCaptureCommands } from './capture-commands.ts'
import { addErasureCommands } from './erasure-commands.ts'
import { INTERRUPTED } from './exit-codes.ts'
import { addInstallationCommands } from './installation-commands.ts'
import { InterruptedError } from './interruption.ts'
import { addMigrateCommands } from './migrate-commands.ts'
import { ProjectNotFoundError } from './project-not-found-error.ts'
import { addRetentionCommands } from './retention-commands.ts'
import { addRoleCommands } from './role-commands.ts'
import { addSealCommands } from './seal-commands.ts'

/**
 * Runs one command of `npx prisma-generator-audit`. A command's own module is loaded when it is asked for.
 *
 * @param args what stands behind the program's name
 * @returns the exit code: 0, or 1 where something is wrong; those of `LOOKING` end with 2 where they could not look at all; 130 where a
 * signal ended it
 */
export async function runCommandLine(args: readonly string[], version: string): Promise<number> {
  let exitCode = 0
  const program = new Command('prisma-generator-audit')
    .description(description)
    .version(version, '-v, --version', 'print the version')
    .helpOption('-h, --help', 'print this text')
    .helpCommand(false)
    .exitOverride()

  const ended = (code: number) => {
    exitCode = code
  }
  addInstallationCommands(program, ended)
  addCaptureCommands(program, ended)
  addSealCommands(program, ended)
  addRoleCommands(program, ended)
  addErasureCommands(program, ended)
  addRetentionCommands(program, ended)
  addMigrateCommands(program, ended)

  if (args.length === 0) {
    program.outputHelp()
    return 1
  }
  try {
    await program.parseAsync(args, { from: 'user' })
  } catch (error) {
    return exitCodeOf(error, args)
  }
  return exitCode
}

/** Says what a person can do something about; anything else is a fault of ours, with its stack. */
function exitCodeOf(error: unknown, args: readonly string[]): number {
  if (error instanceof ProjectNotFoundError || error instanceof MigrationsFolderError) {
    console.error(error.message)
    return error instanceof ProjectNotFoundError || LOOKING.has(args[0] ?? '') ? 2 : 1
  }
  if (error instanceof InterruptedError) {
    console.error(error.message)
    return INTERRUPTED
  }
  if (!(error instanceof CommanderError)) throw error
  // Said already, with a suggestion.
  return error.exitCode !== 0 && LOOKING.has(args[0] ?? '') ? 2 : error.exitCode
}

/** Commands that answer by their exit code: one for a mistake must not read as an answer. */
const LOOKING: ReadonlySet<string> = new Set([
  'check',
  'status',
  'install',
  'uninstall',
  'backfill',
  'seal',
  'verify',
  'erase',
  'hold',
  'prune',
  'partition',
  'after-restore',
  'pause',
  'resume',
])

const description = `Audit trail for Prisma and PostgreSQL.

As a generator it is run by \`npx prisma generate\` where schema.prisma holds

  generator audit {
    provider        = "prisma-generator-audit"
    output          = "../generated/audit"
    sessionSettings = ["username String"]
  }`
