import type { SourceFile, SourcePlace } from './model/place.ts'

export type { SourceFile, SourcePlace } from './model/place.ts'

export type Severity = 'error' | 'warning' | 'info'

/**
 * Every code with what it is about. Codes are stable: a number is never given a new meaning.
 * 0xx Prisma's own, 1xx generator block, 2xx annotation text, 3xx session settings, 4xx where an annotation stands,
 * 5xx what the schema makes of it, 6xx the migrations folder, 7xx what only `check` says, 9xx not available yet. Each has an entry in docs/diagnostics.md.
 */
export const DIAGNOSTIC_CODES = {
  AUD001: 'Schema that Prisma does not accept',
  AUD101: 'Unknown option in the generator block',
  AUD102: 'Unknown value of an option in the generator block',
  AUD103: 'Unknown placeholder in a name template',
  AUD104: 'Name template without a distinguishing placeholder',
  AUD105: 'Datasource is not PostgreSQL',
  AUD201: 'Annotation does not parse',
  AUD202: 'Unknown option in an annotation',
  AUD203: 'Unknown value in an annotation',
  AUD204: 'Option given twice',
  AUD205: 'Contradictory options',
  AUD206: 'Two annotations on one node',
  AUD207: 'Option does not belong on this node',
  AUD208: 'Misspelled annotation',
  AUD209: 'Annotation that says nothing',
  AUD301: 'Unknown type of a session setting',
  AUD302: 'Native type does not fit the session setting',
  AUD303: 'Session setting is a list',
  AUD304: 'Unknown attribute of a session setting',
  AUD305: 'Default does not fit the session setting',
  AUD306: 'Session setting declared twice',
  AUD307: 'Session settings differ only in case',
  AUD308: 'Session setting declared with different types',
  AUD309: 'Column of a session setting clashes with a source column',
  AUD310: "Column of a session setting is one of the audit table's own",
  AUD311: 'Name of a session setting is not one',
  AUD401: 'Annotation on a view',
  AUD402: 'Annotation on a composite type',
  AUD403: 'Annotation on an enum',
  AUD404: 'Annotation on a generator or datasource',
  AUD405: 'Annotation followed by a blank line',
  AUD406: 'Annotation in a // comment',
  AUD407: 'Annotation after four slashes',
  AUD408: 'Annotation before a block attribute',
  AUD409: 'Annotation on something ignored',
  AUD410: 'Annotation that belongs to nothing',
  AUD411: 'Annotation on a relation field',
  AUD412: 'Annotation commented out',
  AUD413: 'Annotation that was not found in the files',
  AUD414: 'Field annotation without an audited model',
  AUD501: "Source column is called like one of the audit table's own",
  AUD502: 'Name is longer than 63 bytes',
  AUD503: 'Two models get one audit name',
  AUD504: 'Model without a primary key',
  AUD505: 'Key column is excluded',
  AUD507: 'Hidden many-to-many relation',
  AUD508: 'Nothing is audited',
  AUD509: 'Unknown native type of a column',
  AUD510: 'One statement may write a row twice',
  AUD511: 'renamedFrom names what is still there',
  AUD512: 'Two nodes with one renamedFrom',
  AUD513: 'Field named like a secret',
  AUD514: 'Replication that a required setting would stop',
  AUD515: 'Baseline of a model without a key',
  AUD516: 'Column cannot be recorded only when it changes',
  AUD517: 'Subject that no erasure could follow',
  AUD518: 'Personal field in a key',
  AUD519: 'Partitions in a schema that Prisma manages',
  AUD601: 'Header of an audit part cannot be read',
  AUD602: 'Branches or edited audit parts come together',
  AUD603: 'Change that the audit trail does not support',
  AUD604: 'Partitioned table',
  AUD605: 'Change that refuses writes',
  AUD606: 'Index that the history would need is missing',
  AUD607: 'Data migration without a context',
  AUD608: 'Statement in the migrations that is not interpreted',
  AUD609: 'renamedFrom without effect',
  AUD610: 'Audited column dropped or renamed before the audit',
  AUD611: 'Audited column retyped before the audit',
  AUD612: 'Audited table renamed before the audit',
  AUD613: 'Audited table dropped and created',
  AUD614: "Migration interferes with the audit's own objects",
  AUD615: 'Statement that is not interpreted names an audited table',
  AUD616: 'Byte order mark before a migration',
  AUD617: 'Audit schema that gets another name',
  AUD618: 'Capture that can be waived',
  AUD619: 'Audited column whose name another one took before the audit',
  AUD620: 'Trigger that writes its own table',
  AUD621: "Trigger that fires before the audit's",
  AUD622: 'Values that were hidden and will be recorded',
  AUD623: 'Hidden column that no migration creates',
  AUD624: 'Inheriting table is not audited',
  AUD628: 'Partition of an audited table',
  AUD629: 'Audited table attached as a partition before the audit',
  AUD630: 'Deferrable key',
  AUD631: 'Foreign key to a field that is not recorded as it is',
  AUD632: 'Generated from a field that is not recorded as it is',
  AUD633: 'Virtual generated column',
  AUD634: 'Column of another type than its field',
  AUD701: 'Audit migration is missing',
  AUD702: 'Audited model waits for a migration',
  AUD703: 'Audit part was edited by hand',
  AUD704: 'Migrations folder cannot be read',
  AUD705: 'Statements above an audit part were edited',
  AUD801: 'Prisma Migrate would drop audit tables',
  AUD802: "Audit table is called like a model's table",
  AUD803: 'Audit table among the models',
} as const

export type DiagnosticCode = keyof typeof DIAGNOSTIC_CODES

/** One problem, said to a person: what is wrong, where, and what to do. */
export interface Diagnostic {
  readonly code: DiagnosticCode
  readonly severity: Severity
  readonly message: string
  readonly place?: SourcePlace
  readonly model?: string
  readonly field?: string
  readonly hint?: string
}

export function hasErrors(diagnostics: readonly Diagnostic[]): boolean {
  return diagnostics.some((each) => each.severity === 'error')
}

/**
 * All diagnostics as one text, sorted by place, each with `file:line:column`, a code frame with a caret
 * and the hint, and a line with the counts at the end. Diagnostics without a place come first. Empty for none.
 *
 * ```text
 * prisma/schema.prisma:12:12 - error AUD202: Unknown option "enabeld".
 *    12 | /// @audit(enabeld)
 *       |            ^^^^^^^
 *    Did you mean "enabled"?
 *
 * 1 error
 * ```
 */
export function renderDiagnostics(diagnostics: readonly Diagnostic[], files: readonly SourceFile[]): string {
  if (diagnostics.length === 0) return ''
  const lines = new Map(files.map((file) => [file.path, splitLines(file.text)]))
  const parts = sortDiagnostics(diagnostics).map((each) => renderDiagnostic(each, lines))
  return `${parts.join('\n\n')}\n\n${countLine(diagnostics)}\n`
}

/** By file, line and column, then by code; those without a place come first. */
export function sortDiagnostics(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  return [...diagnostics].sort(byPlace)
}

function renderDiagnostic(
  { code, severity, message, place, hint }: Diagnostic,
  files: ReadonlyMap<string, readonly string[]>,
): string {
  const at = place ? `${place.file}:${place.line}:${place.column} - ` : ''
  const text = [`${at}${severity} ${code}: ${printable(message)}`]
  const line = place && files.get(place.file)?.[place.line - 1]
  if (place && line !== undefined) text.push(...codeFrame(line, place))
  if (hint) text.push(...hint.split('\n').map((each) => `   ${printable(each)}`))
  return text.join('\n')
}

const FRAME_WIDTH = 96

/** The line and a caret line under it; of a long line only the part around the place. */
function codeFrame(line: string, place: SourcePlace): string[] {
  const start = Math.min(place.column - 1, line.length)
  const from = line.length <= FRAME_WIDTH ? 0 : Math.max(0, start - FRAME_WIDTH / 3)
  const shown = line.slice(from, from + FRAME_WIDTH)
  const carets = Math.max(1, Math.min(place.length, shown.length - (start - from)))
  const gutter = String(place.line).padStart(5)
  return [
    `${gutter} | ${printable(shown)}`.trimEnd(),
    `${' '.repeat(gutter.length)} | ${' '.repeat(start - from)}${'^'.repeat(carets)}`,
  ]
}

/** One character for one, so that the caret stays right; a schema must not be able to steer the terminal. */
function printable(text: string): string {
  return text.replaceAll('\t', ' ').replaceAll(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, '\ufffd')
}

function countLine(diagnostics: readonly Diagnostic[]): string {
  const count = (severity: Severity, noun: string) => {
    const n = diagnostics.filter((each) => each.severity === severity).length
    return n === 0 ? [] : [`${n} ${noun}${n === 1 ? '' : 's'}`]
  }
  return [...count('error', 'error'), ...count('warning', 'warning'), ...count('info', 'note')].join(', ')
}

function byPlace(a: Diagnostic, b: Diagnostic): number {
  if (!a.place || !b.place) return Number(Boolean(a.place)) - Number(Boolean(b.place)) || byCode(a, b)
  return (
    compare(a.place.file, b.place.file) ||
    a.place.line - b.place.line ||
    a.place.column - b.place.column ||
    byCode(a, b)
  )
}

function byCode(a: Diagnostic, b: Diagnostic): number {
  return compare(a.code, b.code) || compare(a.message, b.message)
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** Prisma ends a line at `\n`, `\r\n` or `\r`. */
function splitLines(text: string): readonly string[] {
  return text.split(/\r\n|\n|\r/)
}
