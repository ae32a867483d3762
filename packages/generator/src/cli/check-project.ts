import { findAuditGenerator } from '../annotation/option-places.ts'
import { scanSchema } from '../annotation/scan-schema.ts'
import type { Compilation, CompileFolder } from '../compile.ts'
import { sourceOf } from '../datamodel/source-table.ts'
import type { Diagnostic } from '../diagnostics.ts'
import type { MigrationFile } from '../migration/migration-file.ts'
import { nameKey, type QualifiedName } from '../model/names.ts'
import type { SourcePlace } from '../model/place.ts'
import type { Project } from '../project.ts'
import { describeWaiting } from '../report.ts'
import { parseHeaders } from '../state/part-header.ts'
import type { WaitingTable } from '../state/reachable-state.ts'
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

/** What `prisma generate` would go on after, and sets right with its next migration. */
function stricter(diagnostic: Diagnostic): Diagnostic {
  const isDisagreement = diagnostic.code === 'AUD602' || diagnostic.code === 'AUD607'
  return isDisagreement && diagnostic.severity === 'warning'
    ? { ...diagnostic, severity: 'error' }
    : diagnostic
}

function diagnoseEditedParts(files: readonly MigrationFile[]): readonly Diagnostic[] {
  return files.flatMap(({ path, text }) =>
    text.includes('-- prisma-generator-audit ')
      ? parseHeaders(text)
          .parts.filter(({ isIntact }) => !isIntact)
          .map(({ line }) => edited({ file: path, line, column: 1, length: 1 }))
      : [],
  )
}

function edited(place: SourcePlace): Diagnostic {
  return {
    code: 'AUD703',
    severity: 'error',
    message: 'This audit part does not have the text any more that was generated.',
    place,
    hint: 'Restore the file from version control. SQL of your own belongs into a migration of its own.',
  }
}

function diagnoseWaiting({ source, reason }: WaitingTable, places: StepPlaces): Diagnostic {
  const isSource = (name: QualifiedName) => nameKey(name) === nameKey(source)
  const place = places.models.get(nameKey(source)) ?? places.tables.find(isSource)?.place ?? places.generator
  return {
    code: 'AUD702',
    severity: 'error',
    message: `The audit of "${source.schema}"."${source.name}" waits: ${describeWaiting(reason)}.`,
    place,
    hint: 'Run npx prisma migrate dev --name <name>, then npx prisma generate, and commit the migrations.',
  }
}
