import type { Diagnostic } from './diagnostics.ts'
import type { QualifiedName } from './model/names.ts'
import type { Replacement } from './state/replacements.ts'

/** Said while the audit part is written that takes the triggers over, each where the migration renames the former table. */
export function diagnoseReplacements(replacements: readonly Replacement[]): readonly Diagnostic[] {
  return replacements.map(({ source, replaced, place }) => ({
    code: 'AUD613',
    severity: 'warning',
    message: `Writes to ${display(source)} are not recorded from this migration on until the next audit migration is applied: it renames the table to ${display(replaced)}, which takes the triggers along.`,
    place,
    hint: 'Deploy this migration and the audit migration together. Next time: npx prisma-generator-audit migrate dev --name <name>, which puts both into one.',
  }))
}

function display({ schema, name }: QualifiedName): string {
  return `"${schema}"."${name}"`
}
