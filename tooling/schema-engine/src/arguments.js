// @ts-check

/**
 * What Prisma's CLI passes as `--datasource`, a JSON object.
 * @typedef {{ url?: string, shadowDatabaseUrl?: string }} Datasource
 *
 * @typedef {{ kind: 'version' }} VersionInvocation
 * @typedef {{ kind: 'command', command: string, datasource: Datasource }} CommandInvocation
 * @typedef {{ kind: 'serve', datasource: Datasource, datamodels: string[] }} ServeInvocation
 */

/**
 * Reads the native binary's command line: `[--datasource <json>] [--datamodels <file>]… [cli <command>]`.
 * Its other options (preview features, extension types) have no meaning here.
 *
 * @param {readonly string[]} args
 * @returns {VersionInvocation | CommandInvocation | ServeInvocation}
 */
export function parseArguments(args) {
  /** @type {Datasource} */
  let datasource = {}
  /** @type {string[]} */
  const datamodels = []
  for (let index = 0; index < args.length; index += 1) {
    const [name, value = ''] = args.slice(index, index + 2)
    if (name === '--version') return { kind: 'version' }
    if (name === 'cli') return { kind: 'command', command: value, datasource }
    if (name === '--datasource') datasource = JSON.parse(value)
    if (name === '--datamodels') datamodels.push(value)
    if (name?.startsWith('--')) index += 1
  }
  return { kind: 'serve', datasource, datamodels }
}
