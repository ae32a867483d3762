import type { Command } from 'commander'
import { ofDatabase, ofProject } from './command-options.ts'
import type { ProjectFlags } from './find-schema.ts'
import type { PartitionFlags } from './partition.ts'
import type { PruneFlags } from './prune.ts'
import type { PrunerFlags } from './pruner.ts'

/** The commands of retention; each loads its module when it is asked for. */
export function addRetentionCommands(program: Command, ended: (exitCode: number) => void): void {
  ofDatabase(
    program
      .command('prune')
      .summary('remove history that is older than an age, and keep what says how things are since')
      .description(pruneDescription),
  )
    .requiredOption('--older-than <age>', 'what goes: 13mo, 400d, 2y')
    .option('--model <names>', 'only these models, with commas between them')
    .option('--reason <text>', 'why; it is recorded')
    .option('--dry-run', 'say what would go, and remove nothing')
    .option('--export <folder>', 'write the rows there before they go, as lines of JSON')
    .option('--batch-size <rows>', 'how many rows one transaction looks at', '1000')
    .option('--pause <milliseconds>', 'how long to wait between two batches', '0')
    .action(async (flags: PruneFlags) => {
      const { prune } = await import('./prune.ts')
      ended(await prune(flags, process.cwd()))
    })

  ofDatabase(
    program
      .command('partition')
      .summary('make partitions ahead of the histories that have them; migrate deploy does, too')
      .description(partitionDescription),
  )
    .option('--model <names>', 'only these models, with commas between them')
    .option('--dry-run', 'print the SQL that would be run, and run nothing')
    .action(async (flags: PartitionFlags) => {
      const { partition } = await import('./partition.ts')
      ended(await partition(flags, process.cwd()))
    })

  ofProject(
    program
      .command('pruner')
      .summary('print the set-up of pruning: its own role, who may ask it to, and what nobody may prune')
      .description(prunerDescription),
  )
    .requiredOption('--role <name>', 'the role that prunes: nobody connects as it')
    .requiredOption('--by <name>', 'the role that may ask for prunings')
    .requiredOption('--at-least <age>', 'what is younger is pruned for nobody: 12mo, 365d, 1y')
    .action(async (flags: PrunerFlags & ProjectFlags) => {
      const { pruner } = await import('./pruner.ts')
      ended(await pruner(flags, process.cwd()))
    })
}

const pruneDescription = `Removes rows that are older than an age from the histories, in short transactions. What each row of a table was at that
time, and ever since, stays told; what is on legal hold stays; verify knows pruned rows from missing ones. Needs the set-up that the command
pruner prints, and to connect as the role that it lets in. Ended at any point it goes on with the next run. docs/retention.md says more.

Exit code: 0 when it was done, 1 when something was refused or a file could not be written, 130 when it was interrupted, 2 when there
was nothing to look at (no schema, no connection, no set-up, an unknown flag).`

const partitionDescription = `Makes the partitions of the next twelve months, of every history that the option partitionBy partitions, and one for whatever is
of no other time. A history that is no partitioned table yet becomes its own oldest partition, without a row being written. Needs the
rights that migrations need; writers are not waited for, and wait for a moment at most. Safe to run again. npx prisma-generator-audit migrate
deploy does it after each deployment.

Exit code: 0 when there are as many as there should be, 1 where a lock was in the way, 130 when it was interrupted, 2 when it could not look
or the database refused.`

const prunerDescription = `Prints SQL to be run once in the application's database, by psql or any other client, and again after a model was
audited that was not before, and after the first seal: by a superuser, or by the role that owns the history if it may create roles. It makes a
role that nobody can be, which owns the one function that prunes, and lets another role call it. Never a migration: roles belong to the cluster.`
