import type * as DMMF from '@prisma/dmmf'
import { findAuditGenerator, optionPlaces } from '../annotation/option-places.ts'
import { scanSchema } from '../annotation/scan-schema.ts'
import { findField, type ScannedSchema, type SchemaBlock } from '../annotation/schema-blocks.ts'
import type { AuditOptions } from '../config.ts'
import type { Diagnostic } from '../diagnostics.ts'
import type { AuditModel } from '../model/audit-model.ts'
import { nameKey } from '../model/names.ts'
import type { SourceFile, SourcePlace } from '../model/place.ts'
import { isSharedSchema } from './audit-schema.ts'
import { relationProblems } from './column-problems.ts'
import { type DeclaredColumn, declaredColumns } from './declared-columns.ts'
import { isJoinField, type JoinRelation, joinRelations } from './join-relations.ts'
import { explainLost } from './lost-annotations.ts'
import { misplacedAnnotations } from './misplaced-annotations.ts'
import { findNameClashes, findSharedTableClashes } from './name-clashes.ts'
import { readNodeAnnotation } from './node-annotation.ts'
import { sharedPartitions } from './partition-problems.ts'
import { type RenamedNodes, tableRenamingProblems } from './renamed-from.ts'
import { resolveJoinTables } from './resolve-join-tables.ts'
import { type ResolvedTable, resolveTable } from './resolve-table.ts'
import { compareSettings, resolveGeneratorSettings } from './setting-lists.ts'
import { sourceOf } from './source-table.ts'
import { subjectProblems } from './subjects.ts'

export interface ResolveInput {
  readonly dmmf: Pick<DMMF.Document, 'datamodel'>
  /** The schema's files as they are on disk, from which all places come. */
  readonly files: readonly SourceFile[]
  readonly options: AuditOptions
  /** The datasource's `schemas`. */
  readonly datasourceSchemas?: readonly string[]
}

/**
 * What the schema asks to be audited, and everything that is wrong or worth knowing about it. Pure; never throws.
 * With an error among the diagnostics the model is incomplete and nothing should be written from it.
 */
export function resolveAuditModel({ dmmf, files, options, datasourceSchemas = [] }: ResolveInput): {
  model: AuditModel
  /** Where each audited table's model stands, by the `nameKey` of its source. */
  places: ReadonlyMap<string, SourcePlace>
  /** Where a field of a model stands. */
  placeOfField: (model: string, field: string) => SourcePlace | undefined
  /** The columns of all models, audited or not. */
  columns: readonly DeclaredColumn[]
  /** The models whose level is what they say, and follows from nothing else. */
  levelled: ReadonlySet<string>
  /** Every `renamedFrom` of an audited model, with its place. */
  renamed: readonly RenamedNodes[]
  diagnostics: readonly Diagnostic[]
} {
  const scanned = scanSchema(files)
  const { models } = dmmf.datamodel
  const generator = findAuditGenerator(scanned.blocks)
  const placeOfElement = generator && optionPlaces(generator)
  const generatorList = resolveGeneratorSettings(options.sessionSettings, (element) =>
    placeOfElement?.('sessionSettings', element),
  )
  const relations = joinRelations(models)
  const context = {
    models,
    relations,
    blocks: scanned.blocks,
    options,
    generatorSettings: generatorList.settings,
    foreignKeys: !files.some(({ text }) => /^\s*relationMode\s*=\s*"prisma"/m.test(text)),
  }

  const diagnostics: Diagnostic[] = [...explainLost(scanned.lost), ...generatorList.diagnostics]
  const resolved: ResolvedTable[] = []
  for (const block of scanned.blocks) {
    const model = block.kind === 'model' && models.find(({ name }) => name === block.name)
    if (!model) {
      diagnostics.push(...misplacedAnnotations(block))
      continue
    }
    const read = readNodeAnnotation('model', block.annotations, { model: block.name })
    diagnostics.push(...read.diagnostics)
    if (!read.annotation)
      diagnostics.push(...unauditedFields(block, relations), ...overlooked(model, block, scanned))
    else if (read.annotation.state?.value !== 'disabled') {
      resolved.push(resolveTable(model, block, read.annotation, context))
    }
  }
  const joins = resolveJoinTables(resolved, context)
  const tables = [...resolved, ...joins].map(({ table }) => table).sort(bySource)
  const placeOf = (name: string) =>
    scanned.blocks.find((block) => block.name === name)?.place ??
    joins.find(({ table }) => table.model === name)?.place
  const isShared = isSharedSchema(options.schema, datasourceSchemas)
  const lists = [generatorList.settings, ...resolved.map(({ declarations }) => declarations)]
  diagnostics.push(
    ...[...resolved, ...joins].flatMap((each) => each.diagnostics),
    ...compareSettings(lists),
    ...findNameClashes(tables, placeOf),
    ...findSharedTableClashes(tables, options.captureWaiverRole !== undefined, placeOf),
    ...subjectProblems(tables, (model, field) => findField(scanned.blocks, model, field)?.place),
    ...tableRenamingProblems(resolved, models.map(sourceOf)),
    ...nothingAudited(scanned),
    ...(isShared ? sharedPartitions(tables, options.schema, placeOf) : []),
  )
  const places = new Map(
    tables.flatMap(({ model, source }) => {
      const place = placeOf(model)
      return place === undefined ? [] : [[nameKey(source), place] as const]
    }),
  )
  return {
    model: {
      auditSchema: options.schema,
      ...(isShared ? { sharedSchema: true } : {}),
      ...(options.captureWaiverRole === undefined ? {} : { captureWaiverRole: options.captureWaiverRole }),
      tables,
    },
    places,
    placeOfField: (model, field) => findField(scanned.blocks, model, field)?.place,
    columns: declaredColumns(models, scanned.blocks),
    levelled: new Set(
      resolved.filter(({ isLevelWritten }) => isLevelWritten).map(({ table }) => table.model),
    ),
    renamed: resolved.map(({ renamed }) => renamed),
    diagnostics: withoutRepeats(diagnostics),
  }
}

/** Settings of the generator block are checked for every model, and said once. */
function withoutRepeats(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const key = ({ code, message, place }: Diagnostic) => JSON.stringify([code, message, place])
  return [...new Map(diagnostics.map((each) => [key(each), each])).values()]
}

function unauditedFields(block: SchemaBlock, relations: readonly JoinRelation[]): readonly Diagnostic[] {
  return block.fields.flatMap((field): readonly Diagnostic[] => {
    const context = { model: block.name, field: field.name }
    // It may leave out the join table of a model that is audited.
    if (isJoinField(relations, context)) {
      const { annotation, diagnostics } = readNodeAnnotation('field', field.annotations, context)
      return annotation ? [...diagnostics, ...relationProblems(annotation, context, relations)] : diagnostics
    }
    return field.annotations.map(({ place }) => ({
      code: 'AUD414',
      severity: 'warning',
      message: `"${block.name}.${field.name}" is annotated, but the model "${block.name}" is not audited.`,
      place,
      ...context,
      hint: 'Put /// @audit(enabled) above the model, or remove the annotation.',
    }))
  })
}

/** A net under the scan: Prisma saw an annotation here that the files do not show. */
function overlooked(model: DMMF.Model, block: SchemaBlock, { lost }: ScannedSchema): readonly Diagnostic[] {
  if (lost.length > 0 || !/(?:^|\s)@audit\s*\(/.test(model.documentation ?? '')) return []
  return [
    {
      code: 'AUD413',
      severity: 'error',
      message: `Prisma reads an @audit in the documentation of model "${model.name}" that was not found above it.`,
      place: block.place,
      model: model.name,
      hint: 'Write it as /// @audit(…) on a line of its own, directly above the model.',
    },
  ]
}

function nothingAudited({ blocks, lost }: ScannedSchema): readonly Diagnostic[] {
  const annotated = blocks.some(
    (block) => block.annotations.length > 0 || block.fields.some((field) => field.annotations.length > 0),
  )
  if (annotated || lost.length > 0) return []
  return [
    {
      code: 'AUD508',
      severity: 'info',
      message: 'No model is audited.',
      hint: 'Put /// @audit(enabled) above a model.',
    },
  ]
}

function bySource(a: AuditModel['tables'][number], b: AuditModel['tables'][number]): number {
  const keys = (table: typeof a) => [table.source.schema, table.source.name] as const
  const [[schemaA, nameA], [schemaB, nameB]] = [keys(a), keys(b)]
  if (schemaA !== schemaB) return schemaA < schemaB ? -1 : 1
  return nameA < nameB ? -1 : nameA > nameB ? 1 : 0
}
