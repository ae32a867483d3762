import { findAuditGenerator } from '../annotation/option-places.ts'
import { scanSchema } from '../annotation/scan-schema.ts'
import type { Compilation, CompileFolder } from '../compile.ts'
import { sourceOf } from '../datamodel/source-table.ts'
import type { Diagnostic } from '../diagnostics.ts'
import { nameKey, type QualifiedName } from '../model/names.ts'
import type { Project } from '../project.ts'
import { describeWaiting } from '../report.ts'
import type { WaitingTable } from '../state/reachable-state.ts'
import { diagnoseEditedParts } from './edited-parts.ts'
import { diagnoseMissingMigration, type StepPlaces } from './missing-migration.ts'

/**
 * Everything in which schema, migrations and audit parts disagree, as errors, and what `prisma generate` says besides.
 * Pure.
 *
 * @param compilation of the project with this folder
 */
export function checkProject(
  { input, diagnostics }: Pick<Project, 'input' | 'diagnostics'>,
  folder: CompileFolder,
  compilation: Compilation,
): readonly Diagnostic[] {
  const { blocks } = scanSchema(input.schemaFiles)
  const [firstFile] = input.schemaFiles
  const start = { file: firstFile?.path ?? '', line: 1, column: 1, length: 1 }
  const blockPlaces = new Map(
    blocks.filter(({ kind }) => kind === 'model').map((each) => [each.name, each.place]),
  )
  const places: StepPlaces = {
    models: new Map(
      input.dmmf.datamodel.models.flatMap((model) => {
        const place = blockPlaces.get(model.name)
        return place === undefined ? [] : [[nameKey(sourceOf(model)), place] as const]
      }),
    ),
    generator: findAuditGenerator(blocks)?.place ?? start,
    tables: folder.database.tables,
  }
  return [
    ...diagnostics,
    ...compilation.diagnostics.map(stricter),
    ...diagnoseEditedParts(folder.files),
    ...diagnoseMissingMigration(compilation.migration?.plan.steps ?? [], places),
    ...compilation.waiting.map((table) => diagnoseWaiting(table, places)),
  ]
}

/** What `prisma generate` only warns of: it goes on, and may set it right with its next migration. */
export function stricter(diagnostic: Diagnostic): Diagnostic {
  const { code, severity } = diagnostic
  if (severity !== 'warning') return diagnostic
  if (code === 'AUD602') return { ...diagnostic, severity: 'error', hint: MERGE_HINT }
  return FATAL_IN_CI.has(code) ? { ...diagnostic, severity: 'error' } : diagnostic
}

const FATAL_IN_CI: ReadonlySet<string> = new Set(['AUD607', 'AUD614', 'AUD634', 'AUD801'])

const MERGE_HINT =
  'Run npx prisma generate, and commit the migration that it writes: it emits the functions of the tables concerned anew.'

function diagnoseWaiting({ source, reason }: WaitingTable, places: StepPlaces): Diagnostic {
  const isSource = (name: QualifiedName) => nameKey(name) === nameKey(source)
  const place = places.models.get(nameKey(source)) ?? places.tables.find(isSource)?.place ?? places.generator
  return {
    code: 'AUD702',
    severity: 'error',
    message: `The audit of "${source.schema}"."${source.name}" waits: ${describeWaiting(reason)}.`,
    place,
    hint: 'Run npx prisma-generator-audit migrate dev --name <name>, and commit what it writes.',
  }
}
