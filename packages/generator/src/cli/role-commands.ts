import { Argument, type Command } from 'commander'
import type { ReaderFlags } from '../reader-rights.ts'
import type { RolesFlags } from '../role-setup.ts'
import { ofProject } from './command-options.ts'
import type { ProjectFlags } from './find-schema.ts'
import type { ReplicateFlags, ReplicationSide } from './replicate.ts'

/** Set-ups that are printed, and that a person runs. Each loads its module when it is asked for. */
export function addRoleCommands(program: Command, ended: (exitCode: number) => void): void {
  ofProject(
    program
      .command('reader')
      .summary('print the rights that a role needs to read the history')
      .description(readerDescription),
  )
    .requiredOption('--role <name>', 'the role that reads')
    .option('--tenant <field>', 'the field by which rows belong to a tenant: only their own may be read')
    .option(
      '--setting <name>',
      'the setting audit.<name> that says whose rows (default: the column of the field)',
    )
    .action(async (flags: ReaderFlags & ProjectFlags) => {
      const { reader } = await import('./reader.ts')
      ended(await reader(flags, process.cwd()))
    })

  ofProject(
    program
      .command('roles')
      .summary('print the set-up of an owner, an application and a reader role')
      .description(rolesDescription),
  )
    .requiredOption('--owner <name>', 'the role that migrates and owns tables and history')
    .requiredOption(
      '--application <name>',
      'the role that serves: it writes the tables and cannot touch the history',
    )
    .requiredOption('--reader <name>', 'the role that reads the history')
    .option('--database <name>', 'the one database in which the script may run')
    .option('--tenant <field>', 'as for the command reader')
    .option('--setting <name>', 'as for the command reader')
    .action(async (flags: RolesFlags & ProjectFlags) => {
      const { roles } = await import('./roles.ts')
      ended(await roles(flags, process.cwd()))
    })

  ofProject(
    program
      .command('replicate')
      .summary('print the set-up of a second server that holds the history')
      .description(replicateDescription),
  )
    .addArgument(
      new Argument('<side>', 'publisher for the primary, subscriber for the second server').choices([
        'publisher',
        'subscriber',
      ]),
    )
    .option('--publication <name>', 'what the publication is called', 'prisma_audit')
    .option('--role <name>', 'publisher: the role that the second server connects as')
    .option('--renames', 'subscriber: rename what a deployed migration has renamed on the primary')
    .action(async (side: ReplicationSide, flags: ReplicateFlags) => {
      const { replicate } = await import('./replicate.ts')
      ended(await replicate(side, flags, process.cwd()))
    })
}

const readerDescription = `Prints SQL for a migration of yours: by default nobody but their owner may read the audit tables. With --tenant the
histories get row level security, so that the role sees the rows of one tenant only. Needs no database and writes nothing.`

const rolesDescription = `Prints SQL to be run once in the application's database, by psql or any other client, and again whenever it should be
looked after: by a superuser, or by a role that may create roles and owns the database and its tables. It makes the roles
that are missing, hands the tables and the history to the owner, gives the application what it needs to serve and the
reader what it needs to read, and ends with a check that fails, and takes all of it back, where the history is not
protected. Never a migration: roles belong to the cluster. Needs no database and writes nothing.`

const replicateDescription = `Prints SQL that moves the history to a second server by logical replication. For the primary: a publication of every history
and of the seals, inserts only, and with --role the rights to copy them. For the second server: the same tables, guarded, which
nothing that happens on the primary changes. Both are safe to run again: docs/replication.md has the order. Never a migration.
Needs no database and writes nothing.`
