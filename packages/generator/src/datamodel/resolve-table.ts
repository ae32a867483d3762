import type * as DMMF from '@prisma/dmmf'
import type { AuditAnnotation } from '../annotation/audit-annotation.ts'
import type { SchemaBlock } from '../annotation/schema-blocks.ts'
import type { AuditOptions } from '../config.ts'
import type { Diagnostic } from '../diagnostics.ts'
import type { AuditedTable, Fact, PartitionUnit } from '../model/audit-model.ts'
import { resolveNames } from './audit-names.ts'
import { declareFacts, doubledFacts, factAtStatement } from './facts.ts'
import { hiddenJoins } from './hidden-joins.ts'
import type { JoinRelation } from './join-relations.ts'
import { formerTable, type RenamedNodes } from './renamed-from.ts'
import { resolveColumns } from './resolve-columns.ts'
import type { SettingDeclaration } from './session-settings.ts'
import { resolveSettingColumns } from './setting-columns.ts'
import { resolveSettingList } from './setting-lists.ts'
import { sourceOf } from './source-table.ts'
import { keyChangedTwice, writtenTwice } from './write-order.ts'

export interface SchemaContext {
  readonly models: readonly DMMF.Model[]
  readonly blocks: readonly SchemaBlock[]
  readonly relations: readonly JoinRelation[]
  readonly options: AuditOptions
  /** The generator block's settings, for models that name none. */
  readonly generatorSettings: readonly SettingDeclaration[]
  /** Whether relations are foreign keys in the database: not under `relationMode = "prisma"`. */
  readonly foreignKeys: boolean
}

export interface ResolvedTable {
  readonly table: AuditedTable
  readonly declarations: readonly SettingDeclaration[]
  readonly facts: readonly Fact[]
  /** The level is what the annotation says, and follows from nothing else. */
  readonly isLevelWritten: boolean
  readonly renamed: RenamedNodes
  readonly diagnostics: readonly Diagnostic[]
}

/** What one audited model asks for. */
export function resolveTable(
  model: DMMF.Model,
  block: SchemaBlock,
  annotation: AuditAnnotation,
  context: SchemaContext,
): ResolvedTable {
  const { models, blocks, options, generatorSettings, foreignKeys } = context
  const source = sourceOf(model)
  const named = { model: model.name, schema: source.schema, table: source.name, place: block.place }
  const { names, diagnostics: nameProblems } = resolveNames(named, annotation, options)
  const { columns, key, renamings, diagnostics: columnProblems } = resolveColumns(model, block, context)
  const own = annotation.sessionSettings && resolveSettingList(annotation.sessionSettings.value)
  const declarations = own?.settings ?? generatorSettings
  const wanted = annotation.facts?.value ?? options.facts
  const marked = columns.filter(({ whenChanged }) => whenChanged)
  const mark = marked.length > 0 ? (['unchanged_columns'] as const) : []
  const facts = declareFacts([...wanted, ...mark], annotation.facts?.place ?? annotation.place)
  const { settings, diagnostics: settingProblems } = resolveSettingColumns(
    model.name,
    [...declarations, ...facts],
    columns,
    options,
  )
  const table: AuditedTable = {
    model: model.name,
    source,
    ...(annotation.renamedFrom === undefined
      ? {}
      : { renamedFrom: formerTable(annotation.renamedFrom.value, source) }),
    names,
    columns,
    key,
    settings,
    missingSettings: annotation.missingSettings?.value ?? options.missingSettings,
    truncate: annotation.truncate?.value ?? options.truncate,
    level: annotation.level?.value ?? (needsRows(annotation, columns, wanted) ? 'row' : 'statement'),
    updates: annotation.updates?.value ?? 'all',
    ...(annotation.backfill?.value && key.length > 0 ? { backfill: annotation.backfill.value } : {}),
    ...(annotation.enableAlways?.value ? { enableAlways: true } : {}),
    ...partitionsOf(annotation.partitionBy?.value ?? options.partitionBy),
  }
  const diagnostics = [
    ...nameProblems,
    ...columnProblems,
    ...(own?.diagnostics ?? []),
    ...settingProblems,
    ...doubledFacts(declarations, facts),
    ...factAtStatement(wanted, annotation.level),
    ...whenChangedProblems(table, annotation, block),
    ...refusedReplication(table, annotation),
    ...backfillWithoutKey(table, annotation),
    ...hiddenJoins(model, block, blocks),
    // Who writes `level: statement` out knows it.
    ...(table.level === 'statement' && !annotation.level && foreignKeys
      ? [
          ...writtenTwice(model, block, models),
          ...keyChangedTwice(model, block, keyFields(columns, key), models),
        ]
      : []),
  ]
  const renamed = {
    source,
    columns: renamings,
    ...(annotation.renamedFrom && { from: annotation.renamedFrom }),
  }
  const isLevelWritten = annotation.level !== undefined || annotation.updates?.value === 'changed'
  return { table, declarations, facts: wanted, isLevelWritten, renamed, diagnostics }
}

/**
 * Only a trigger that is called for a row can be left out for a row, or tell that a value changed without the value; and
 * replication calls no other.
 */
function needsRows(
  { updates, enableAlways }: AuditAnnotation,
  columns: AuditedTable['columns'],
  facts: readonly Fact[],
): boolean {
  const isCompared = columns.some(({ policy, whenChanged }) => policy === 'redact' || whenChanged)
  const comparesRows = updates?.value === 'changed' || facts.includes('changed_columns')
  return comparesRows || enableAlways?.value === true || isCompared
}

/** Whether the history of a row holds a value is known by its key, and asked row by row. */
function whenChangedProblems(
  { model, columns, key }: AuditedTable,
  { level }: AuditAnnotation,
  block: SchemaBlock,
): readonly Diagnostic[] {
  const why =
    key.length === 0
      ? `"${model}" has no key by which the history of a row is found`
      : level?.value === 'statement'
        ? '"level: statement" has no row to ask for'
        : undefined
  if (why === undefined) return []
  return columns
    .filter(({ whenChanged }) => whenChanged)
    .map(({ field }) => ({
      code: 'AUD516',
      severity: 'error',
      message: `"${model}.${field}" cannot be recorded only when it changes: ${why}.`,
      place: block.fields.find(({ name }) => name === field)?.place ?? block.place,
      model,
      field,
      hint: key.length === 0 ? 'Give the model an @id.' : 'Leave "level" out: level: row comes with it.',
    }))
}

function partitionsOf(unit: PartitionUnit | 'none'): Pick<AuditedTable, 'partitionBy'> {
  return unit === 'none' ? {} : { partitionBy: unit }
}

function keyFields(columns: AuditedTable['columns'], key: readonly string[]): readonly string[] {
  return columns.filter(({ name }) => key.includes(name)).map(({ field }) => field)
}

/** Which rows have history already is known by their key. */
function backfillWithoutKey(
  { model, key }: AuditedTable,
  { backfill }: AuditAnnotation,
): readonly Diagnostic[] {
  if (!backfill?.value || key.length > 0) return []
  return [
    {
      code: 'AUD515',
      severity: 'error',
      message: `"${model}" has no key, so its rows from before the audit cannot be told from those that have history.`,
      place: backfill.place,
      model,
      hint: 'Give the model an @id, or leave backfill out.',
    },
  ]
}

/** Nobody sets a context for what replication applies, and it stops at the first error. */
function refusedReplication(
  { model, settings, missingSettings, enableAlways }: AuditedTable,
  annotation: AuditAnnotation,
): readonly Diagnostic[] {
  const required = settings.filter((setting) => setting.required && setting.default === undefined)
  if (!enableAlways || missingSettings === 'record' || required.length === 0) return []
  return [
    {
      code: 'AUD514',
      severity: 'warning',
      message: `"${model}" demands ${required.map(({ name }) => `"${name}"`).join(', ')}, which no replicated write has: on a subscriber replication of this table would stop.`,
      place: annotation.enableAlways?.place ?? annotation.place,
      model,
      hint: 'Add missingSettings: record to this annotation, or make the setting optional.',
    },
  ]
}
