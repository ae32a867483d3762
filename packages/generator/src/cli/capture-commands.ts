import type { Command } from 'commander'
import type { BackfillFlags } from './backfill.ts'
import { ofDatabase } from './command-options.ts'
import type { PauseFlags } from './pause.ts'
import type { ResumeFlags } from './resume.ts'

/** What is captured: rows from before, and not for a while. Each loads its module when it is asked for. */
export function addCaptureCommands(program: Command, ended: (exitCode: number) => void): void {
  ofDatabase(
    program
      .command('backfill')
      .summary('write the history of rows from before the audit, in batches')
      .description(backfillDescription),
  )
    .option('--batch-size <rows>', 'how many rows of a table one transaction reads', '10000')
    .option('--pause <milliseconds>', 'how long to wait between two batches', '0')
    .action(async (flags: BackfillFlags) => {
      const { backfill } = await import('./backfill.ts')
      ended(await backfill(flags, process.cwd()))
    })

  ofDatabase(
    program
      .command('pause')
      .summary('turn capture off for a bad night, with a reason that stays')
      .description(pauseDescription),
  )
    .requiredOption('--reason <text>', 'why; it is recorded')
    .option('--model <names>', 'only these models, with commas between them')
    .action(async (flags: PauseFlags) => {
      const { pause } = await import('./pause.ts')
      ended(await pause(flags, process.cwd()))
    })

  ofDatabase(
    program
      .command('resume')
      .summary('turn capture on again, and make up for the pause')
      .description(resumeDescription),
  )
    .option(
      '--set <name=value...>',
      'the context of the rows that make up for it, for example username=ann',
      [],
    )
    .option('--model <names>', 'only these models, with commas between them')
    .option('--batch-size <rows>', 'how many rows of a table are compared at once', '10000')
    .action(async (flags: ResumeFlags) => {
      const { resume } = await import('./resume.ts')
      ended(await resume(flags, process.cwd()))
    })
}

const backfillDescription = `Writes a row B for each row of a model with @audit(enabled, backfill: batches) that has no history yet: one short
transaction a batch, in the order of the key, while the application goes on writing. Started again it goes on where it was.
Needs the rights of the owner of the audit tables, as migrations do, and a direct connection.

Exit code: 0 when all is written, 1 when a table could not be, 130 when it was interrupted, 2 when there was nothing to look at.`

const pauseDescription = `Disables the triggers of audited tables, and leaves a row that says who did it, when and why. Needs the rights of the
owner. Nothing is recorded until resume is run, and status says so.

Exit code: 0 when capture rests, 130 when it was interrupted, 2 when it could not be paused.`

const resumeDescription = `Enables the triggers again, and then writes history for what was written in the pause: a row I, U or D for each row that
is not as its history says, with the context of --set and the name of who runs it. Locks out writers only for the batches in which
something differs. Started again it goes on where it was.

Exit code: 0 when the histories are complete again, 130 when it was interrupted, 2 when it could not.`
