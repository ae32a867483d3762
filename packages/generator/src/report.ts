import type { Compilation } from './compile.ts'
import { type Diagnostic, renderDiagnostics } from './diagnostics.ts'
import { isJoinTable } from './model/audit-model.ts'
import type { QualifiedName } from './model/names.ts'
import type { SourceFile } from './model/place.ts'
import type { MigrationOutcome } from './next-migration.ts'
import { sqlText } from './sql/sql.ts'
import { renderKeyTriggerGone } from './sql/triggers.ts'
import { type AuditTableObject, type DatabaseState, findTable } from './state/database-state.ts'
import { desiredState } from './state/desired-state.ts'
import type { WaitingTable } from './state/reachable-state.ts'
import { sourceKey } from './state/source-column.ts'

export interface Report {
  readonly diagnostics: readonly Diagnostic[]
  readonly compilation: Compilation
  readonly outcome: MigrationOutcome
  readonly files: readonly SourceFile[]
  /** What a person should know of how the folder was found. */
  readonly folderProblem?: string | undefined
}

/** The text that `prisma generate` shows: what was done, and the exact next command. Pure. */
export function renderReport({ diagnostics, compilation, outcome, files, folderProblem }: Report): string {
  const { model, waiting } = compilation
  const parts = [
    renderDiagnostics(diagnostics, files).trimEnd(),
    `audit: ${audited(model)} audited.`,
    folderProblem === undefined ? '' : `audit: ${folderProblem}`,
    renderWaiting(waiting, desiredState(model)),
    renderOutcome(outcome, compilation),
  ]
  return parts.filter((part) => part !== '').join('\n')
}

function audited({ tables }: Compilation['model']): string {
  const joins = tables.filter(isJoinTable).length
  const models = count(tables.length - joins, 'model')
  return joins === 0 ? models : `${models} and ${count(joins, 'join table')}`
}

function renderWaiting(waiting: readonly WaitingTable[], desired: DatabaseState): string {
  if (waiting.length === 0) return ''
  const lines = waiting.flatMap(({ source, reason }) => [
    `  ${display(source)}: ${describeWaiting(reason)}`,
    ...keyTriggerFirst(findTable(desired, source), reason),
  ])
  return [
    'audit: these tables wait for a migration of their own:',
    ...lines,
    '  Next: npx prisma migrate dev --name <name>, then npx prisma generate',
  ].join('\n')
}

/** PostgreSQL refuses to change the type of a column that a trigger's WHEN clause names (0A000). */
function keyTriggerFirst(
  table: AuditTableObject | undefined,
  reason: WaitingTable['reason'],
): readonly string[] {
  if (reason.kind !== 'columns not retyped' || table === undefined) return []
  if (!reason.columns.some((name) => sourceKey(table).includes(name))) return []
  return [
    '    It is in the key, which a trigger names: make that migration with --create-only, and put this first:',
    `    ${sqlText(renderKeyTriggerGone(table))}`,
    '    The audit migration that follows puts the trigger back.',
  ]
}

/** Why a table waits, as a part of a sentence. */
export function describeWaiting(reason: WaitingTable['reason']): string {
  switch (reason.kind) {
    case 'table not created':
      return 'no migration creates this table yet'
    case 'table renamed':
      return `a migration renamed it to ${display(reason.to)}, which no model has; map the model to that name, and the history follows, or let a migration create this table anew, and the history stays here`
    case 'columns not created':
      return `no migration adds ${reason.columns.map((name) => `"${name}"`).join(', ')} yet`
    case 'columns not retyped':
      return `no migration gives ${reason.columns.map((name) => `"${name}"`).join(', ')} the new type yet`
    case 'table not dropped':
      return reason.was === undefined
        ? 'its model is gone, but no migration drops the table yet'
        : `the model of ${display(reason.was)}, as it was called, is gone, but no migration drops the table yet; to keep it, give it a model with @audit(disabled)`
    case 'name not free':
      return `the history under its name is that of ${display(reason.other)}, as a migration renamed the table, and cannot follow it yet; give that one what it waits for, or a model, or drop it`
  }
}

function renderOutcome(outcome: MigrationOutcome, { migration }: Compilation): string {
  switch (outcome.kind) {
    case 'nothing to write':
      return ''
    case 'no folder':
      return `audit: no migration was written: ${outcome.problem}`
    case 'written':
      return `audit: wrote ${outcome.path}\n  Next: read it, commit it, then npx prisma migrate dev (in production: npx prisma migrate deploy)`
    case 'not written':
      return `audit: a migration is missing (${migration?.slug ?? ''}) and was not written: ${outcome.reason}\n  Next: ${outcome.next ?? 'npx prisma generate where somebody will commit it'}`
  }
}

/** The text of the error that ends `prisma generate`: every problem, each with its place. */
export function renderFailure(diagnostics: readonly Diagnostic[], files: readonly SourceFile[]): string {
  return `the audit cannot be generated\n\n${renderDiagnostics(diagnostics, files)}`
}

function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`
}

function display({ schema, name }: QualifiedName): string {
  return `"${schema}"."${name}"`
}
