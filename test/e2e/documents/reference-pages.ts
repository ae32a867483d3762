import { OPTIONS } from 'prisma-generator-audit'
import { ANNOTATION_WORDS } from '../../../packages/generator/src/annotation/annotation-words.ts'
import { type CommandHelp, helpOf } from './commands.ts'
import { flagTable, interfaceTable, plain, tableOf } from './option-tables.ts'

const client = 'packages/client-extension/src'

/** Links of the tables in the code are those of the repository's root. */
const fromDocs = (text: string) => text.replaceAll('](docs/', '](')

/** docs/options.md, of the option tables and types in the code. */
export async function optionsPage(): Promise<string> {
  const [viewer] = await helpOf('prisma-audit-viewer')
  return fromDocs(`# Options, all of them

This page is made from the tables and types in the code, so it has each option there is. What they are for stands where they are used: [the documents](README.md).

## The generator block

${tableOf(
  ['option', 'default', 'what it does'],
  Object.entries(OPTIONS).map(([name, row]) => [
    `\`${name}\``,
    row.default === '' ? '' : `\`${row.default}\``,
    row.documentation,
  ]),
)}
## Above a model

\`/// @audit(enabled, …)\`, in the lines above \`model\`, one annotation a model.

${annotationTable('model')}
## Above a field

\`/// @audit(redact)\`, in the lines above the field.

${annotationTable('field')}
## \`auditContext(context, options)\`

\`context\` is the values of your \`sessionSettings\`, or a function that gives them at each call: [the client extension](../packages/client-extension/README.md).

${interfaceTable(`${client}/extension.ts`, 'AuditContextOptions')}
## \`asyncAuditContext(options)\`

${interfaceTable(`${client}/async-context.ts`, 'AsyncAuditContextOptions')}
## \`withAuditContext(client, context, work, options)\`

${interfaceTable(`${client}/with-audit-context.ts`, 'WithAuditContextOptions')}
## \`auditHistory(options)\`

${interfaceTable(`${client}/history/reader.ts`, 'HistoryOptions')}
### \`db.order.history(…)\`, \`historyStream\`, \`historyWith\`

\`historyWith\` has \`include\` besides, and neither \`transaction\` nor \`by\`.

${interfaceTable(`${client}/history/types/question-types.ts`, 'HistoryArgs')}
### \`db.order.asOf(moment, …)\`

${interfaceTable(`${client}/history/types/question-types.ts`, 'AsOfArgs')}
### \`db.$history(…)\`

${interfaceTable(`${client}/history/types/question-types.ts`, 'ClientHistoryArgs')}
### \`db.order.planRevert(…)\`

${interfaceTable(`${client}/history/types/question-types.ts`, 'RowRevertArgs')}
### \`db.$revert(plan, options)\`

${interfaceTable(`${client}/history/revert/run-revert.ts`, 'RevertOptions')}
## \`clearHistory(client, options)\`

${interfaceTable(`${client}/testing/clear-history.ts`, 'ClearHistoryOptions')}
## \`createAuditViewer(options)\`

${interfaceTable('packages/viewer/src/options.ts', 'AuditViewerOptions')}
## \`npx prisma-audit-viewer\`

${viewer === undefined ? '' : flagTable(viewer)}
Flags of the other commands: [commands](commands.md).
`)
}

function annotationTable(node: 'model' | 'field'): string {
  const words = Object.entries(ANNOTATION_WORDS).filter(([, { on }]) => on === node || on === 'both')
  return tableOf(
    ['word', 'value', 'what it does'],
    words.map(([word, { value, documentation }]) => [`\`${word}\``, value, documentation]),
  )
}

/** docs/commands.md, of what the command line says of itself. */
export async function commandsPage(): Promise<string> {
  const [program, ...commands] = await helpOf('prisma-generator-audit')
  const named = commands.filter(({ usage }) => usage !== '')
  const summaries = (program?.commands ?? []).map(({ name, text }) => [`\`${name}\``, text])
  return `# Commands

\`npx prisma-generator-audit <command>\`. This page is what \`--help\` says, command by command; each has a page that says more, in [the documents](README.md).

${tableOf(['command', 'what it does'], summaries)}
${named.map(commandSection).join('\n')}`
}

function commandSection(command: CommandHelp): string {
  const paragraphs = plain(command.description)
    .split('\n\n')
    .map((text) => text.replaceAll('\n', ' '))
  const flags = command.flags.length === 0 ? '' : `\n${flagTable(command)}`
  const words = command.words.map(({ name, text }) => [`\`${name}\``, text])
  const table = words.length === 0 ? '' : `\n${tableOf(['argument', 'what it is'], words)}`
  return `## ${command.name}\n\n\`${command.usage}\`\n\n${paragraphs.join('\n\n')}\n${table}${flags}`
}
