import type { Command } from 'commander'

/** Prisma's own commands, with the audit. Each loads its module when it is asked for. */
export function addMigrateCommands(program: Command, ended: (exitCode: number) => void): void {
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
      ended(await migrateDev(flags, process.cwd()))
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
      ended(await migrateDeploy(flags, process.cwd()))
    })
}

const devDescription = `prisma migrate dev in three steps: Prisma makes its migration, the audit part goes into that one file, Prisma
applies it. So a table and its audit change in one transaction, and no write fails in between. All prompts and flags are
Prisma's own. With --create-only the migration is made, with its audit part, and not applied.`

const deployDescription = `prisma migrate deploy. A migration that waited too long for a lock (55P03) or met a deadlock (40P01) is marked as rolled
back and tried again, later each time, where PostgreSQL has taken it back as a whole; otherwise the command says what to do.`
