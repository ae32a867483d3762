import type { Command } from 'commander'

/** The flags of a command that reads the project. */
export function ofProject(command: Command): Command {
  return command
    .option('--schema <path>', 'the schema file, or the folder of a schema in several files')
    .option('--config <path>', 'the Prisma configuration file')
}

/** Those of one that connects, too. */
export function ofDatabase(command: Command): Command {
  return ofProject(command).option('--url <url>', 'the database, in place of that of the configuration')
}
