import type { Diagnostic, DiagnosticCode } from './diagnostics.ts'
import type { MigrationFile } from './migration/migration-file.ts'
import type { RefusedDataChange } from './migration/refused-data-changes.ts'
import { nameKey } from './model/names.ts'
import type { SourcePlace } from './model/place.ts'
import type { NotInterpreted } from './model/source-database.ts'
import type { FoldProblem } from './state/fold-parts.ts'
import type { Hazard } from './state/hazards.ts'

/** What the fold of the headers met: edited parts, merged branches. */
export function diagnoseHeaders(
  problems: readonly FoldProblem[],
  files: readonly MigrationFile[],
): readonly Diagnostic[] {
  const paths = new Map(files.map((file) => [file.name, file.path]))
  return problems.map((problem) => {
    const file = paths.get(problem.migration) ?? problem.migration
    const place = { file, line: problem.line, column: 1, length: 1 }
    return problem.kind === 'unreadable'
      ? {
          code: 'AUD601',
          severity: 'error',
          message: `The header of this audit part cannot be read: ${problem.message}.`,
          place,
          hint: 'The header is the record of what is installed. Restore the file from version control.',
        }
      : {
          code: 'AUD602',
          severity: isSettled(problem) ? 'info' : 'warning',
          message: `In ${problem.migration}, ${problem.message}.`,
          place,
          hint: isSettled(problem)
            ? 'No table is concerned twice: nothing is to be done.'
            : 'The next audit migration re-emits the functions of the tables concerned.',
        }
  })
}

/** No table, and no waiver of capture, was changed on both sides. */
function isSettled({ tables, waiver }: Extract<FoldProblem, { kind: 'diverged' }>): boolean {
  return tables.length === 0 && !waiver
}

const HAZARD_CODES = {
  unsupported: 'AUD603',
  partitioned: 'AUD604',
  'refuses-writes': 'AUD605',
  'index-missing': 'AUD606',
  'schema-moves': 'AUD617',
  'capture-waivable': 'AUD618',
  'values-shown': 'AUD622',
  // Said already where the model stands, as AUD504.
  'no-key': undefined,
} as const satisfies Record<Hazard['code'], DiagnosticCode | undefined>

/** @param places where each audited table's model stands, by the `nameKey` of its source */
export function diagnoseHazards(
  hazards: readonly Hazard[],
  places: ReadonlyMap<string, SourcePlace>,
): readonly Diagnostic[] {
  return hazards.flatMap(({ code, severity, source, message, hint }) => {
    const diagnosticCode = HAZARD_CODES[code]
    if (diagnosticCode === undefined) return []
    const place = source && places.get(nameKey(source))
    return [
      {
        code: diagnosticCode,
        severity,
        message,
        ...(place === undefined ? {} : { place }),
        ...(hint === undefined ? {} : { hint }),
      },
    ]
  })
}

/** Data migrations that the triggers would refuse, and with them every later replay on a shadow database. */
export function diagnoseDataChanges(refused: readonly RefusedDataChange[]): readonly Diagnostic[] {
  return refused.map(({ change, missingSettings, statement }) => ({
    code: 'AUD607',
    severity: 'warning',
    message: `This ${change.verb} on "${change.table.schema}"."${change.table.name}" is audited and lacks ${missingSettings
      .map((name) => `audit.${name}`)
      .join(', ')}: the migration would be refused.`,
    place: change.place,
    hint: `Put this statement before it, if the migration is not applied yet:\n${statement}`,
  }))
}

/** Said only where something is missing in the folder: one of these statements may have made it. */
export function diagnoseNotInterpreted(statements: readonly NotInterpreted[]): readonly Diagnostic[] {
  return statements.map(({ reason, place }) => ({
    code: 'AUD608',
    severity: 'info',
    message: `Not interpreted: ${reason}.`,
    place,
    hint: 'What it creates or drops is not seen. Tables and columns that only such statements create have to wait.',
  }))
}
