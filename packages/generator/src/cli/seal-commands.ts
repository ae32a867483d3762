import type { Command } from 'commander'
import { ofDatabase } from './command-options.ts'
import type { SealFlags } from './seal.ts'
import type { VerifyFlags } from './verify.ts'
import type { VerifyLiveFlags } from './verify-live.ts'

/** Whether the history can be trusted. Each loads its module when it is asked for. */
export function addSealCommands(program: Command, ended: (exitCode: number) => void): void {
  ofDatabase(
    program
      .command('seal')
      .summary('seal the history, so that a change of it is found')
      .description(sealDescription),
  )
    .option('--export <file>', 'append the newest root to a file; - for stdout')
    .option('--wait <seconds>', 'how long to wait for transactions that are under way', '10')
    .option('--json', 'print JSON')
    .action(async (flags: SealFlags) => {
      const { seal } = await import('./seal.ts')
      ended(await seal(flags, process.cwd()))
    })

  ofDatabase(
    program
      .command('verify')
      .summary('say whether the history is what was sealed; with --live, whether it is complete')
      .description(verifyDescription),
  )
    .option('--anchor <file>', 'roots that seal --export has written, kept elsewhere')
    .option('--live', 'compare the history with the tables: which writes went past the triggers')
    .option('--model <names>', 'with --live: only these models, with commas between them')
    .option('--batch-size <rows>', 'with --live: how many rows one transaction compares', '10000')
    .option('--pause <milliseconds>', 'with --live: how long to wait between two batches', '0')
    .option('--place <file>', 'with --live: keep there how far it came; a later run goes on')
    .option('--json', 'print JSON')
    .action(async (flags: VerifyFlags & VerifyLiveFlags & { readonly live?: boolean }) => {
      if (flags.live) {
        const { verifyLive } = await import('./verify-live.ts')
        ended(await verifyLive(flags, process.cwd()))
        return
      }
      const { verify } = await import('./verify.ts')
      ended(await verify(flags, process.cwd()))
    })
}

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
