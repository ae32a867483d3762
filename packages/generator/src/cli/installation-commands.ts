import type { Command } from 'commander'
import type { AfterRestoreFlags } from './after-restore.ts'
import type { CheckFlags } from './check.ts'
import { ofDatabase, ofProject } from './command-options.ts'
import type { InstallFlags } from './install.ts'
import type { StatusFlags } from './status.ts'

/** What is installed: in the files, and in a database. Each loads its module when it is asked for. */
export function addInstallationCommands(program: Command, ended: (exitCode: number) => void): void {
  ofProject(
    program
      .command('check')
      .summary('say where schema, migrations and audit disagree; for CI, without a database')
      .description(checkDescription),
  )
    .option('--json', 'print JSON, for editors and annotations')
    .action(async (flags: CheckFlags) => {
      const { check } = await import('./check.ts')
      ended(await check(flags, process.cwd()))
    })

  ofDatabase(
    program
      .command('status')
      .summary('say what a live database has of the audit; for CI, after a restore, at start-up')
      .description(statusDescription),
  )
    .option('--role <name>', 'the role that the application connects as (default: that of the URL)')
    .option('--json', 'print JSON, for CI and monitoring')
    .action(async (flags: StatusFlags) => {
      const { status } = await import('./status.ts')
      ended(await status(flags, process.cwd()))
    })

  for (const name of ['install', 'uninstall'] as const) {
    ofDatabase(
      program
        .command(name)
        .summary(
          name === 'install'
            ? 'give a database what it lacks of the audit; for db push, and after a restore'
            : 'take the triggers and functions away, and keep every history',
        )
        .description(name === 'install' ? installDescription : uninstallDescription),
    )
      .option('--dry-run', 'print the SQL that would be run on this database, and run nothing')
      .option('--print', 'print the SQL for any database, without a connection')
      .action(async (flags: InstallFlags) => {
        const commands = await import('./install.ts')
        ended(await commands[name](flags, process.cwd()))
      })
  }

  ofDatabase(
    program
      .command('after-restore')
      .summary('mend the audit of a restored database, and say what its history lacks')
      .description(afterRestoreDescription),
  )
    .option('--owner <role>', 'give schema, histories and functions of the audit to this role')
    .option('--erasures <file>', 'what erase --record has written: says what is to be erased here again')
    .option('--reconcile', 'write history for rows that are not as their history says')
    .option('--set <name=value...>', 'the context of these rows, for example username=ann', [])
    .option('--dry-run', 'print the SQL that would be run, and run nothing')
    .action(async (flags: AfterRestoreFlags) => {
      const { afterRestore } = await import('./after-restore.ts')
      ended(await afterRestore(flags, process.cwd()))
    })
}

const checkDescription = `Says, with the place, whatever disagrees between the schema, the migrations folder and its audit parts.
Needs no database and writes nothing.

Exit code: 0 when all agree, 1 when something disagrees, 2 when there was nothing to look at (no schema, an unknown flag).`

const statusDescription = `Holds the database's own catalog against what the migrations and the schema say: histories with their columns, functions,
triggers, guards and rights, each with one word: installed, outdated, missing, disabled, orphaned or tampered. Reads only.
Needs a direct connection; what a role may not read is not told.

Exit code: 0 when all is installed, 1 when something is not, 130 when it was interrupted, 2 when it could not look (no schema, no
connection, an unknown flag).`

const installDescription = `Looks as status does, and gives the database what it lacks: all of the audit, or what is missing, disabled, outdated or tampered
with. What is as it should be is not touched; a column whose type does not fit any more is kept under another name. Each
table in transactions of its own; run again it goes on where it was. Needs the rights that migrations need. Migrations that are
not applied are Prisma's: npx prisma migrate deploy.

Exit code: 0 when all is installed then, 1 when something is left, 130 when it was interrupted, 2 when it could not look or the
database refused.`

const uninstallDescription = `Drops the triggers and capture functions of every audited table; the histories, their guards and the audit schema stay.
Where migrations make the audit, @audit(disabled) and a migration are the way: deployed anew, they bring it back. Each table
in a transaction of its own; run again it goes on where it was.

Exit code: 0 when no table is captured any more, 130 when it was interrupted, 2 when it could not look or the database refused.`

const afterRestoreDescription = `After pg_restore, a recovery to a point in time, an upgrade by replication, or in a copy: gives the database what it lacks of
the audit (as install does), mends sequences, rights and owners, says what was erased elsewhere and not here, and compares the tables with
their histories (as verify --live does). Migrations come first: npx prisma migrate deploy. Safe to run again.

Exit code: 0 when nothing is left to do, 1 when something is, 130 when it was interrupted, 2 when it could not look or the database
refused.`
