import type { Diagnostic } from './diagnostics.ts'
import type { MigrationFile } from './migration/migration-file.ts'
import type { QualifiedName } from './model/names.ts'
import type { Interference, NotInterpreted } from './model/source-database.ts'
import type { Finding } from './state/interferences.ts'
import type { Risk } from './state/risks.ts'

export const TOGETHER =
  'Deploy this migration and the audit migration together. Next time: npx prisma-generator-audit migrate dev --name <name>, which puts both into one.'

/** Said while the audit part that repairs it is written, each where the application's migration does it. */
export function diagnoseRisks(risks: readonly Risk[]): readonly Diagnostic[] {
  return risks.map(diagnoseRisk)
}

function diagnoseRisk({ kind, source, was, place }: Risk): Diagnostic {
  const table = display(source)
  const until = 'from this migration on until the next audit migration is applied'
  switch (kind) {
    case 'column dropped':
    case 'column renamed': {
      const does = kind === 'column dropped' ? 'drops' : 'renames'
      return warning(
        'AUD610',
        `Every write to ${table} fails ${until}: it ${does} the column "${was}".`,
        place,
      )
    }
    case 'column exchanged':
      return warning(
        'AUD619',
        `The history of ${table} holds another column's values as "${was}" ${until}, or writes fail for their type: this takes the name away, and a column has it again.`,
        place,
      )
    case 'column retyped':
      return warning(
        'AUD611',
        `Open connections may fail to write to ${table} ${until}: it gives the column "${was}" another type.`,
        place,
      )
    case 'table renamed':
      return warning(
        'AUD612',
        `${table} goes on being recorded under its old name "${was}", and TRUNCATE fails, ${until}.`,
        place,
      )
    case 'table dropped':
      return warning(
        'AUD613',
        `Writes to ${table} are not recorded ${until}: it drops "${was}", and the triggers with it.`,
        place,
      )
  }
}

function warning(code: Diagnostic['code'], message: string, place: Risk['place']): Diagnostic {
  return { code, severity: 'warning', message, place, hint: TOGETHER }
}

/** A byte order mark is no white space to PostgreSQL: the first statement does not parse. */
export function diagnoseMarks(files: readonly MigrationFile[]): readonly Diagnostic[] {
  return files
    .filter(({ hasByteOrderMark }) => hasByteOrderMark)
    .map(({ path }) => ({
      code: 'AUD616',
      severity: 'warning',
      message: 'This migration begins with a byte order mark, which PostgreSQL refuses (42601).',
      place: { file: path, line: 1, column: 1, length: 1 },
      hint: 'Save it as UTF-8 without a byte order mark; do so only if it was never applied.',
    }))
}

/** What migrations do to the audit's own objects, and what they may do to audited tables unseen. */
export function diagnoseInterferences(findings: readonly Finding[]): readonly Diagnostic[] {
  const about = new Map<Interference | NotInterpreted, Finding[]>()
  for (const finding of findings) {
    const statement = 'notInterpreted' in finding ? finding.notInterpreted : finding.interference
    about.set(statement, [...(about.get(statement) ?? []), finding])
  }
  return [...about.values()].flatMap((same) => diagnoseStatement(same))
}

/** @param same what one statement does to each of the tables that it concerns */
function diagnoseStatement(same: readonly Finding[]): readonly Diagnostic[] {
  const [finding] = same
  if (finding === undefined) return []
  const sources = list(same.map(({ source }) => display(source)))
  if ('notInterpreted' in finding) {
    const { reason, place } = finding.notInterpreted
    return [
      {
        code: 'AUD615',
        severity: 'warning',
        message: `This statement is not interpreted and names ${same.length === 1 ? 'the audited table' : 'the audited tables'} ${sources}: ${reason}.`,
        place,
        hint: 'Write changes of audited tables as plain statements. Where it changes only rows, nothing is to be done.',
      },
    ]
  }
  const { interference, isUndone } = finding
  const { message, hint } = describe(interference, sources, isUndone)
  // What is undone in the migrations themselves leaves nothing to do.
  const severity = isUndone ? 'info' : 'warning'
  return [{ code: 'AUD614', severity, message, place: interference.place, hint }]
}

const LOST =
  'Remove the statement, if the migration is not applied yet; to stop the audit and keep the history: @audit(disabled). Where it is applied, the next audit migration begins a new history.'

function list(names: readonly string[]): string {
  const shown = names.slice(0, 3).join(', ')
  return names.length > 3 ? `${shown} and ${names.length - 3} more` : shown
}

const UNDO =
  'Remove the statement, if the migration is not applied yet; where it is, undo it in a migration of your own.'

function describe(
  { kind, target, trigger, column, to }: Interference,
  source: string,
  isUndone: boolean,
): { readonly message: string; readonly hint: string } {
  switch (kind) {
    case 'triggers disabled':
    case 'triggers enabled':
      return {
        message: `While these triggers are disabled, no write to ${source} is recorded.`,
        hint: isUndone
          ? 'Let them run: SELECT set_config(…) before the data changes says who made them.'
          : 'The next audit migration makes them anew.',
      }
    case 'triggers silenced':
    case 'triggers heard':
      return {
        message: `While session_replication_role is replica, no trigger fires: no write is recorded, of ${source}.`,
        hint: isUndone
          ? 'Let them fire: SELECT set_config(…) before the data changes says who made them.'
          : 'Prisma applies the migrations that follow in the same session. Remove the statement, or end with RESET session_replication_role.',
      }
    case 'trigger renamed':
      return {
        message: `This renames the trigger "${trigger}" to "${to}": the next audit migration would not find it, and writes to ${source} would be recorded twice.`,
        hint: UNDO,
      }
    case 'function dropped':
      return {
        message: `This drops ${display(target)}, which records the writes to ${source}.`,
        hint: 'The next audit migration makes it anew. Writes until then are not recorded, or fail.',
      }
    case 'function changed':
      return {
        message: `This changes ${display(target)}, which records the writes to ${source}.`,
        hint: 'The next audit migration makes it anew, as it was generated. Triggers and functions of your own need other names.',
      }
    case 'function renamed':
      return {
        message: `This renames ${display(target)}, which records the writes to ${source}: the next audit migration would not find it.`,
        hint: UNDO,
      }
    case 'audit table dropped':
      return {
        message: `This drops the audit table ${display(target)}: the history of ${source} is lost, and writes to it fail.`,
        hint: LOST,
      }
    case 'audit table renamed':
      return {
        message: `This renames the audit table ${display(target)} to "${to}": writes to ${source} fail.`,
        hint: `${UNDO} The generator's option table gives it another name.`,
      }
    case 'audit column dropped':
    case 'audit column added':
      return {
        message: `This drops the column "${column}" of the audit table ${display(target)}: writes to ${source} fail.`,
        hint: UNDO,
      }
    case 'audit column renamed':
      return {
        message: `This renames the column "${column}" of the audit table ${display(target)} to "${to}": writes to ${source} fail.`,
        hint: UNDO,
      }
    case 'schema dropped':
      return {
        message: `This drops the audit schema "${target.name}": the history of ${source} is lost.`,
        hint: LOST,
      }
    case 'schema renamed':
      return {
        message: `This renames the audit schema "${target.name}" to "${to}": writes to ${source} fail.`,
        hint: `${UNDO} The generator's option schema gives it another name.`,
      }
  }
}

function display({ schema, name }: QualifiedName): string {
  return `"${schema}"."${name}"`
}
