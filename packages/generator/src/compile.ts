import type * as DMMF from '@prisma/dmmf'
import type { AuditOptions } from './config.ts'
import { declaredTables } from './datamodel/declared-tables.ts'
import { modelShapes } from './datamodel/model-shapes.ts'
import { resolveAuditModel } from './datamodel/resolve-audit-model.ts'
import { withDerivedPolicies } from './derived-policies.ts'
import { withFoundTypes } from './diagnose-column-types.ts'
import { diagnoseDeferrableKeys } from './diagnose-deferrable-keys.ts'
import {
  diagnoseDataChanges,
  diagnoseHazards,
  diagnoseHeaders,
  diagnoseNotInterpreted,
} from './diagnose-folder.ts'
import { diagnoseInheritance } from './diagnose-inheritance.ts'
import { diagnoseAttached, diagnosePartitions } from './diagnose-partitions.ts'
import { diagnoseRenamedFrom } from './diagnose-renamed-from.ts'
import { diagnoseReplacements } from './diagnose-replacements.ts'
import { diagnoseInterferences, diagnoseMarks, diagnoseRisks } from './diagnose-risks.ts'
import { diagnoseOwnTriggers } from './diagnose-triggers.ts'
import { withSeenColumns } from './diagnose-unseen-columns.ts'
import { type Diagnostic, hasErrors } from './diagnostics.ts'
import { appendedTo, draftSteps, openDraft } from './draft.ts'
import { diagnoseSharedNames, recordedSteps } from './external-tables.ts'
import { historiesAfter, historyModels, type RecordedHistories } from './history-models.ts'
import { droppedTriggers } from './migration/dropped-triggers.ts'
import type { MigrationFile } from './migration/migration-file.ts'
import { refusedDataChanges } from './migration/refused-data-changes.ts'
import { selfWritingTriggers } from './migration/self-writing-triggers.ts'
import type { AuditModel } from './model/audit-model.ts'
import { nameKey } from './model/names.ts'
import type { SourceFile } from './model/place.ts'
import type { SourceDatabase } from './model/source-database.ts'
import { renderDraft } from './render-draft.ts'
import { migrationSlug } from './sql/migration-slug.ts'
import { renderDown } from './sql/render-down.ts'
import { renderMigration } from './sql/render-migration.ts'
import { desiredState } from './state/desired-state.ts'
import { foldParts } from './state/fold-parts.ts'
import { folderOrder } from './state/folder-order.ts'
import { findInterferences } from './state/interferences.ts'
import { lostObjects } from './state/lost-objects.ts'
import { type MigrationPlan, planMigration } from './state/migration-plan.ts'
import { nextSteps } from './state/next-steps.ts'
import type { WaitingTable } from './state/reachable-state.ts'
import { isRecordedByRow } from './state/recorded-by-row.ts'
import { renamedFromEffects } from './state/renamed-from-effect.ts'
import { findReplacements } from './state/replacements.ts'
import { findRisks } from './state/risks.ts'
import {
  type ClientGenerator,
  renderTypedModule,
  type TypedModuleFile,
} from './typescript/render-typed-module.ts'

export interface CompileInput {
  /** As Prisma hands it to generators. */
  readonly dmmf: Pick<DMMF.Document, 'datamodel'>
  /** The text of the schema, for everything that the DMMF leaves out, and for places. */
  readonly schemaFiles: readonly SourceFile[]
  readonly options: AuditOptions
  /** PostgreSQL schemas that the datasource names. */
  readonly datasourceSchemas: readonly string[]
  readonly clientGenerators: readonly ClientGenerator[]
  /** The migrations folder; undefined where there is none. */
  readonly folder: CompileFolder | undefined
  /**
   * The folder's last migration, if it is a draft: not applied anywhere, and to be completed with its audit part. A part
   * that is in it already must be taken out before the folder is read (`bareDraft`).
   */
  readonly draft?: string | undefined
}

export interface CompileFolder {
  readonly files: readonly MigrationFile[]
  readonly database: SourceDatabase
}

/** The migration that would bring the folder up to date with the schema. */
export interface NextMigration {
  /** The `<what>` in `<time stamp>_audit_<what>`. */
  readonly slug: string
  readonly sql: string
  readonly downSql: string
  readonly plan: MigrationPlan
  /** In a draft: what is to stand before all its statements. `sql` is the audit part, to be appended; both may be empty. */
  readonly before: string
  /** The whole of migration.sql: in a draft its own statements too, and whatever has to stand among them. */
  readonly file: string
}

export interface Compilation {
  readonly diagnostics: readonly Diagnostic[]
  readonly model: AuditModel
  readonly typedModule: readonly TypedModuleFile[]
  /** Undefined when nothing is to be written: all is recorded, or has to wait, or there is an error. */
  readonly migration: NextMigration | undefined
  /** Tables that wait for a migration of Prisma's own. */
  readonly waiting: readonly WaitingTable[]
}

/**
 * The whole generator as one pure function: schema and migrations folder in, typed module and next migration out.
 *
 *     schema → AuditModel → desired state ┐
 *     folder → headers    → recorded state ┴→ steps → plan → SQL
 *
 * The same input gives the same bytes. Problems come back as diagnostics; nothing is thrown for them.
 */
export function compile(input: CompileInput): Compilation {
  const { dmmf, schemaFiles, options, datasourceSchemas, folder } = input
  const {
    model: asked,
    places,
    placeOfField,
    columns,
    levelled,
    renamed,
    diagnostics: ofSchema,
  } = resolveAuditModel({
    dmmf,
    files: schemaFiles,
    options,
    datasourceSchemas,
  })
  const shapes = modelShapes(dmmf.datamodel)
  const typed = (model: AuditModel, recorded?: RecordedHistories) =>
    renderTypedModule({
      model: asked,
      histories: historyModels(model, shapes, recorded),
      options,
      clientGenerators: input.clientGenerators,
    })
  const nothing = { migration: undefined, waiting: [] }
  if (folder === undefined || hasErrors(ofSchema)) {
    return { ...nothing, typedModule: typed(asked), model: asked, diagnostics: ofSchema }
  }
  const { database, files } = folder
  const { model: seen, diagnostics: ofUnseen } = withSeenColumns(asked, database, placeOfField)
  const words = { columns, levelled, placeOf: placeOfField }
  const { model: kept, diagnostics: ofDerived } = withDerivedPolicies(seen, database, words)
  const { model, diagnostics: ofTypes } = withFoundTypes(kept, database, placeOfField)
  const recorded = foldParts(
    files.map(({ name, text }) => ({ migration: name, text })),
    database.interferences,
  )
  const positionOf = folderOrder(files)
  // What audit parts drop, they make again.
  const withoutPart = files.filter(({ text }) => !text.includes('-- prisma-generator-audit '))
  const desired = desiredState(model, recorded.state)
  const { steps: wanted, waiting } = nextSteps({
    recorded,
    desired,
    model,
    database,
    declared: declaredTables(dmmf),
    positionOf,
    lost: [...droppedTriggers(withoutPart), ...lostObjects(database.interferences)],
  })
  const draft = input.draft === undefined ? undefined : openDraft(input.draft, folder)
  const steps = draft === undefined ? wanted : draftSteps(draft, wanted, recorded.state)
  const done = { ...nothing, model, typedModule: typed(model, historiesAfter(recorded, steps)) }
  const sources = new Map(database.tables.map((table) => [nameKey(table), table]))
  const byRow = desired.tables
    .filter((table) => isRecordedByRow(table, sources.get(nameKey(table.source))))
    .map(({ source }) => source)
  const plan = planMigration(recorded.state, steps, {
    partitioned: database.tables.filter(({ partitioned }) => partitioned),
    partitions: database.tables.filter(({ partition }) => partition !== undefined),
  })
  const refused = refusedDataChanges(files, database)
  // Those of a draft get what they lack.
  const cured = refused.filter(({ change }) => change.migration === draft?.name)
  const diagnostics = [
    ...ofSchema,
    ...ofUnseen,
    ...ofDerived,
    ...ofTypes,
    ...diagnoseSharedNames(model, dmmf, schemaFiles, recordedSteps(files)),
    ...diagnoseHeaders(recorded.problems, files),
    ...diagnoseHazards(plan.hazards, places),
    ...diagnoseDataChanges(refused.filter((each) => !cured.includes(each))),
    ...diagnoseMarks(files),
    ...diagnoseOwnTriggers(selfWritingTriggers(files), model.tables, byRow),
    ...diagnoseInheritance(model, database),
    ...diagnosePartitions(model, sources, places),
    ...diagnoseDeferrableKeys(desired, steps, sources),
    ...diagnoseAttached(steps, sources, { positionOf, draft: draft?.name }),
    ...diagnoseInterferences(findInterferences(recorded, database, positionOf)),
    ...diagnoseRenamedFrom(renamed, renamedFromEffects(recorded.state, steps, database.tables)),
    ...diagnoseRisks(findRisks({ recorded, steps, database, positionOf, draft: draft?.name })),
    ...diagnoseReplacements(findReplacements(steps, database.tables, { positionOf, draft: draft?.name })),
    ...(waiting.length === 0 ? [] : diagnoseNotInterpreted(database.notInterpreted)),
  ]
  if ((steps.length === 0 && cured.length === 0) || hasErrors(diagnostics)) {
    return { ...done, diagnostics, waiting }
  }
  const rendering = { from: recorded.state, lockTimeout: options.lockTimeout }
  const sql = renderMigration(plan, { ...rendering, ...(draft && appendedTo(draft)) })
  const texts =
    draft === undefined
      ? { before: '', file: sql }
      : renderDraft(draft, { part: sql, plan, from: recorded.state, refused: cured })
  const migration = { slug: migrationSlug(plan), sql, downSql: renderDown(plan, rendering), plan, ...texts }
  return { ...done, diagnostics, migration, waiting }
}
