import type { Command } from 'commander'
import type { EraserFlags } from '../eraser-setup.ts'
import { ofDatabase, ofProject } from './command-options.ts'
import type { EraseFlags } from './erase.ts'
import type { ProjectFlags } from './find-schema.ts'
import type { HoldFlags } from './hold.ts'

/** The commands of erasure; each loads its module when it is asked for. */
export function addErasureCommands(program: Command, ended: (exitCode: number) => void): void {
  ofDatabase(
    program
      .command('erase')
      .summary("erase personal data of one row from its history: plan, then confirm the plan's hash")
      .description(eraseDescription)
      .option('--model <name>', 'the model whose history is meant')
      .option('--id <value>', 'the key of the row; of several fields: a JSON object')
      .option(
        '--fields <names>',
        'fields, columns set aside, and paths of documents: email,profile.address.street',
      )
      .option('--settings <names>', 'who and why of these rows: username,current_user')
      .option('--actor <setting=value>', 'who did it, in every history: username=ann')
      .option('--reason <text>', 'why; it is recorded')
      .option('--confirm <plan>', 'carry out the plan of this hash')
      .option('--dry-run', 'plan, as without --confirm')
      .option('--record <file>', 'append what was erased, without any value, to a file kept elsewhere')
      .option('--replay <file>', 'erase once more what such a file says, after a restore'),
  )
    .option('--json', 'print JSON')
    .action(async (flags: EraseFlags) => {
      const { erase } = await import('./erase.ts')
      ended(await erase(flags, process.cwd()))
    })

  ofDatabase(
    program
      .command('hold')
      .summary('put history on legal hold, release it, or list what is held')
      .description(holdDescription)
      .option('--model <name>', 'the model whose history is held')
      .option('--id <value>', 'the key of the row; without it all rows are held')
      .option('--all', 'every history')
      .option('--release <number>', 'end a hold')
      .option('--reason <text>', 'why; it is recorded'),
  )
    .option('--json', 'print JSON')
    .action(async (flags: HoldFlags) => {
      const { hold } = await import('./hold.ts')
      ended(await hold(flags, process.cwd()))
    })

  ofProject(
    program
      .command('eraser')
      .summary('print the set-up of erasure: its own role, and who may ask it to')
      .description(eraserDescription)
      .requiredOption('--role <name>', 'the role that erases: nobody connects as it')
      .requiredOption('--by <name>', 'the role that may ask for erasures'),
  ).action(async (flags: EraserFlags & ProjectFlags) => {
    const { eraser } = await import('./eraser.ts')
    ended(await eraser(flags, process.cwd()))
  })
}

const eraseDescription = `Says what would be erased from the history of one row, with the hash of that plan; with --confirm and a --reason it
erases exactly that, in one transaction. Versions stay, without the values; verify knows them as erased. A legal hold wins. Needs the set-up
that the command eraser prints, and to connect as the role that it lets in. docs/erasure.md says what remains: WAL, backups, exports.

Exit code: 0 when it was planned or erased, 1 when it was refused, 130 when it was interrupted and nothing erased, 2 when there was
nothing to look at (no schema, no connection, no set-up, an unknown flag).`

const holdDescription = `Nothing that is held can be erased. Without --model, --all or --release it lists what is held. Needs the rights of the
owner of the audit tables, as migrations do: who erases can end no hold.

Exit code: 0 when it was done, 1 when the database refused, 130 when it was interrupted and nothing done, 2 when there was nothing
to look at.`

const eraserDescription = `Prints SQL to be run once in the application's database, by psql or any other client, and again after a model was
audited that was not before: by a superuser, or by the role that owns the history if it may create roles. It makes a
role that nobody can be, which owns the one function that erases, and lets another role call it. Never a migration: roles belong to the cluster.`
