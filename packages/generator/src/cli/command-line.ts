import { Command, CommanderError } from 'commander'
import { MigrationsFolderError } from '../migration/migrations-folder-error.ts'
import type { ReaderFlags } from '../reader-rights.ts'
import type { RolesFlags } from '../role-setup.ts'
import type { BackfillFlags } from './backfill.ts'
import type { CheckFlags } from './check.ts'
import { addErasureCommands } from './erasure-commands.ts'
import type { ProjectFlags } from './find-schema.ts'
import type { InstallFlags } from './install.ts'
import type { PauseFlags } from './pause.ts'
import { ProjectNotFoundError } from './project-not-found-error.ts'
import type { ResumeFlags } from './resume.ts'
import { addRetentionCommands } from './retention-commands.ts'
import type { SealFlags } from './seal.ts'
import type { StatusFlags } from './status.ts'
import type { VerifyFlags } from './verify.ts'
import type { VerifyLiveFlags } from './verify-live.ts'

/**
 * Runs one command of `npx prisma-generator-audit`. A command's own module is loaded when it is asked for.
 *
 * @param args what stands behind the program's name
 * @returns the exit code: 0, or 1 where something is wrong; `check`, `status` and `verify` end with 2 where they could not look at all
 */
export async function runCommandLine(args: readonly string[], version: string): Promise<number> {
  let exitCode = 0
  const program = new Command('prisma-generator-audit')
    .description(description)
    .version(version, '-v, --version', 'print the version')
    .helpOption('-h, --help', 'print this text')
    .helpCommand(false)
    .exitOverride()

  program
    .command('check')
    .summary('say where schema, migrations and audit disagree; for CI, without a database')
    .description(checkDescription)
    .option('--schema <path>', 'the schema file, or the folder of a schema in several files')
    .option('--config <path>', 'the Prisma configuration file')
    .option('--json', 'print JSON, for editors and annotations')
    .action(async (flags: CheckFlags) => {
      const { check } = await import('./check.ts')
      exitCode = await check(flags, process.cwd())
    })

  program
    .command('status')
    .summary('say what a live database has of the audit; for CI, after a restore, at start-up')
    .description(statusDescription)
    .option('--schema <path>', 'the schema file, or the folder of a schema in several files')
    .option('--config <path>', 'the Prisma configuration file')
    .option('--url <url>', 'the database, in place of that of the configuration')
    .option('--role <name>', 'the role that the application connects as (default: that of the URL)')
    .option('--json', 'print JSON, for CI and monitoring')
    .action(async (flags: StatusFlags) => {
      const { status } = await import('./status.ts')
      exitCode = await status(flags, process.cwd())
    })

  for (const name of ['install', 'uninstall'] as const) {
    program
      .command(name)
      .summary(
        name === 'install'
          ? 'give a database what it lacks of the audit; for db push, and after a restore'
          : 'take the triggers and functions away, and keep every history',
      )
      .description(name === 'install' ? installDescription : uninstallDescription)
      .option('--schema <path>', 'the schema file, or the folder of a schema in several files')
      .option('--config <path>', 'the Prisma configuration file')
      .option('--url <url>', 'the database, in place of that of the configuration')
      .option('--dry-run', 'print the SQL that would be run on this database, and run nothing')
      .option('--print', 'print the SQL for any database, without a connection')
      .action(async (flags: InstallFlags) => {
        const commands = await import('./install.ts')
        exitCode = await commands[name](flags, process.cwd())
      })
  }

  program
    .command('backfill')
    .summary('write the history of rows from before the audit, in batches')
    .description(backfillDescription)
    .option('--schema <path>', 'the schema file, or the folder of a schema in several files')
    .option('--config <path>', 'the Prisma configuration file')
    .option('--url <url>', 'the database, in place of that of the configuration')
    .option('--batch-size <rows>', 'how many rows of a table one transaction reads', '10000')
    .option('--pause <milliseconds>', 'how long to wait between two batches', '0')
    .action(async (flags: BackfillFlags) => {
      const { backfill } = await import('./backfill.ts')
      exitCode = await backfill(flags, process.cwd())
    })

  program
    .command('seal')
    .summary('seal the history, so that a change of it is found')
    .description(sealDescription)
    .option('--export <file>', 'append the newest root to a file; - for stdout')
    .option('--wait <seconds>', 'how long to wait for transactions that are under way', '10')
    .option('--schema <path>', 'the schema file, or the folder of a schema in several files')
    .option('--config <path>', 'the Prisma configuration file')
    .option('--url <url>', 'the database, in place of that of the configuration')
    .option('--json', 'print JSON')
    .action(async (flags: SealFlags) => {
      const { seal } = await import('./seal.ts')
      exitCode = await seal(flags, process.cwd())
    })

  program
    .command('verify')
    .summary('say whether the history is what was sealed; with --live, whether it is complete')
    .description(verifyDescription)
    .option('--anchor <file>', 'roots that seal --export has written, kept elsewhere')
    .option('--live', 'compare the history with the tables: which writes went past the triggers')
    .option('--model <names>', 'with --live: only these models, with commas between them')
    .option('--batch-size <rows>', 'with --live: how many rows one transaction compares', '10000')
    .option('--pause <milliseconds>', 'with --live: how long to wait between two batches', '0')
    .option('--place <file>', 'with --live: keep there how far it came; a later run goes on')
    .option('--schema <path>', 'the schema file, or the folder of a schema in several files')
    .option('--config <path>', 'the Prisma configuration file')
    .option('--url <url>', 'the database, in place of that of the configuration')
    .option('--json', 'print JSON')
    .action(async (flags: VerifyFlags & VerifyLiveFlags & { readonly live?: boolean }) => {
      if (flags.live) {
        const { verifyLive } = await import('./verify-live.ts')
        exitCode = await verifyLive(flags, process.cwd())
        return
      }
      const { verify } = await import('./verify.ts')
      exitCode = await verify(flags, process.cwd())
    })

  program
    .command('pause')
    .summary('turn capture off for a bad night, with a reason that stays')
    .description(pauseDescription)
    .requiredOption('--reason <text>', 'why; it is recorded')
    .option('--model <names>', 'only these models, with commas between them')
    .option('--schema <path>', 'the schema file, or the folder of a schema in several files')
    .option('--config <path>', 'the Prisma configuration file')
    .option('--url <url>', 'the database, in place of that of the configuration')
    .action(async (flags: PauseFlags) => {
      const { pause } = await import('./pause.ts')
      exitCode = await pause(flags, process.cwd())
    })

  program
    .command('resume')
    .summary('turn capture on again, and make up for the pause')
    .description(resumeDescription)
    .option(
      '--set <name=value...>',
      'the context of the rows that make up for it, for example username=ann',
      [],
    )
    .option('--model <names>', 'only these models, with commas between them')
    .option('--batch-size <rows>', 'how many rows of a table are compared at once', '10000')
    .option('--schema <path>', 'the schema file, or the folder of a schema in several files')
    .option('--config <path>', 'the Prisma configuration file')
    .option('--url <url>', 'the database, in place of that of the configuration')
    .action(async (flags: ResumeFlags) => {
      const { resume } = await import('./resume.ts')
      exitCode = await resume(flags, process.cwd())
    })

  program
    .command('reader')
    .summary('print the rights that a role needs to read the history')
    .description(readerDescription)
    .requiredOption('--role <name>', 'the role that reads')
    .option('--tenant <field>', 'the field by which rows belong to a tenant: only their own may be read')
    .option(
      '--setting <name>',
      'the setting audit.<name> that says whose rows (default: the column of the field)',
    )
    .option('--schema <path>', 'the schema file, or the folder of a schema in several files')
    .option('--config <path>', 'the Prisma configuration file')
    .action(async (flags: ReaderFlags & ProjectFlags) => {
      const { reader } = await import('./reader.ts')
      exitCode = await reader(flags, process.cwd())
    })

  program
    .command('roles')
    .summary('print the set-up of an owner, an application and a reader role')
    .description(rolesDescription)
    .requiredOption('--owner <name>', 'the role that migrates and owns tables and history')
    .requiredOption(
      '--application <name>',
      'the role that serves: it writes the tables and cannot touch the history',
    )
    .requiredOption('--reader <name>', 'the role that reads the history')
    .option('--database <name>', 'the one database in which the script may run')
    .option('--tenant <field>', 'as for the command reader')
    .option('--setting <name>', 'as for the command reader')
    .option('--schema <path>', 'the schema file, or the folder of a schema in several files')
    .option('--config <path>', 'the Prisma configuration file')
    .action(async (flags: RolesFlags & ProjectFlags) => {
      const { roles } = await import('./roles.ts')
      exitCode = await roles(flags, process.cwd())
    })

  addErasureCommands(program, (code) => {
    exitCode = code
  })
  addRetentionCommands(program, (code) => {
    exitCode = code
  })

  const migrate = program
    .command('migrate')
    .summary("Prisma's migrate commands, together with the audit")
    .helpCommand(false)
    .enablePositionalOptions()
  migrate
    .command('dev')
    .summary('make a migration with its audit part in it, and apply it')
    .description(devDescription)
    .argument('[flags...]', 'those of prisma migrate dev: --name, --create-only, …')
    .allowUnknownOption()
    .passThroughOptions()
    .action(async (flags: readonly string[]) => {
      const { migrateDev } = await import('./migrate-dev.ts')
      exitCode = await migrateDev(flags, process.cwd())
    })
  migrate
    .command('deploy')
    .summary('apply all migrations, and again where a lock was in the way')
    .description(deployDescription)
    .argument('[flags...]', 'those of prisma migrate deploy, and --retries <number> (default: 5)')
    .allowUnknownOption()
    .passThroughOptions()
    .action(async (flags: readonly string[]) => {
      const { migrateDeploy } = await import('./migrate-deploy.ts')
      exitCode = await migrateDeploy(flags, process.cwd())
    })

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
    return error instanceof ProjectNotFoundError ? 2 : 1
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
  'verify',
  'erase',
  'hold',
  'prune',
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

const checkDescription = `Says, with the place, whatever disagrees between the schema, the migrations folder and its audit parts.
Needs no database and writes nothing.

Exit code: 0 when all agree, 1 when something disagrees, 2 when there was nothing to look at (no schema, an unknown flag).`

const statusDescription = `Holds the database's own catalog against what the migrations and the schema say: histories with their columns, functions,
triggers, guards and rights, each with one word: installed, outdated, missing, disabled, orphaned or tampered. Reads only.
Needs a direct connection; what a role may not read is not told.

Exit code: 0 when all is installed, 1 when something is not, 2 when it could not look (no schema, no connection, an unknown flag).`

const installDescription = `Looks as status does, and gives the database what it lacks: all of the audit, or what is missing, disabled, outdated or tampered
with. What is as it should be is not touched; a column whose type does not fit any more is kept under another name. Each
table in transactions of its own; run again it goes on where it was. Needs the rights that migrations need. Migrations that are
not applied are Prisma's: npx prisma migrate deploy.

Exit code: 0 when all is installed then, 1 when something is left, 2 when it could not look or the database refused.`

const uninstallDescription = `Drops the triggers and capture functions of every audited table; the histories, their guards and the audit schema stay.
Where migrations make the audit, @audit(disabled) and a migration are the way: deployed anew, they bring it back.`

const backfillDescription = `Writes a row B for each row of a model with @audit(enabled, backfill: batches) that has no history yet: one short
transaction a batch, in the order of the key, while the application goes on writing. Started again it goes on where it was.
Needs the rights of the owner of the audit tables, as migrations do, and a direct connection.

Exit code: 0 when all is written, 1 when a table could not be, 130 when it was interrupted, 2 when there was nothing to look at.`

const sealDescription = `Closes ranges of the history with a hash chain: the rows of a range give a root, each seal holds the hash of the one
before it. Off the write path: run it as often as you like, for example each hour. Needs the rights of the owner of the audit tables, and a
direct connection. Keep what --export writes where nobody who can write to the database can: docs/seals.md.

Exit code: 0 when all that is final is sealed, 1 when something could not be, 130 when it was interrupted, 2 when there was nothing to
look at.`

const verifyDescription = `Compares the whole history with its seals, and finds any row that was changed, removed or inserted, with the range. Writes
nothing; a standby will do. Without --anchor it says what the database says of itself.

With --live it compares the tables with their histories instead, and finds any write that went past the triggers, with its
key, its columns and the time between which it was: docs/completeness.md.

Exit code: 0 when the history is what it should be, 1 when it is not, 130 when it was interrupted, 2 when it could not look.`

const pauseDescription = `Disables the triggers of audited tables, and leaves a row that says who did it, when and why. Needs the rights of the
owner. Nothing is recorded until resume is run, and status says so.

Exit code: 0 when capture rests, 130 when it was interrupted, 2 when it could not be paused.`

const resumeDescription = `Enables the triggers again, and then writes history for what was written in the pause: a row I, U or D for each row that
is not as its history says, with the context of --set and the name of who runs it. Locks out writers only for the batches in which
something differs. Started again it goes on where it was.

Exit code: 0 when the histories are complete again, 130 when it was interrupted, 2 when it could not.`

const readerDescription = `Prints SQL for a migration of yours: by default nobody but their owner may read the audit tables. With --tenant the
histories get row level security, so that the role sees the rows of one tenant only. Needs no database and writes nothing.`

const rolesDescription = `Prints SQL to be run once in the application's database, by psql or any other client, and again whenever it should be
looked after: by a superuser, or by a role that may create roles and owns the database and its tables. It makes the roles
that are missing, hands the tables and the history to the owner, gives the application what it needs to serve and the
reader what it needs to read, and ends with a check that fails, and takes all of it back, where the history is not
protected. Never a migration: roles belong to the cluster. Needs no database and writes nothing.`

const devDescription = `prisma migrate dev in three steps: Prisma makes its migration, the audit part goes into that one file, Prisma
applies it. So a table and its audit change in one transaction, and no write fails in between. All prompts and flags are
Prisma's own. With --create-only the migration is made, with its audit part, and not applied.`

const deployDescription = `prisma migrate deploy. A migration that waited too long for a lock (55P03) or met a deadlock (40P01) is marked as rolled
back and tried again, later each time, where PostgreSQL has taken it back as a whole; otherwise the command says what to do.`
