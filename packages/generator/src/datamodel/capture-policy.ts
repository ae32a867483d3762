import type { AuditAnnotation } from '../annotation/audit-annotation.ts'
import type { SchemaField } from '../annotation/schema-blocks.ts'
import type { Diagnostic } from '../diagnostics.ts'
import type { CapturePolicy } from '../model/audit-model.ts'
import type { ColumnField } from './hidden-fields.ts'
import { isFormOfSecret, isSecretName, isSecretText } from './secret-names.ts'

/** Types whose values give no secret away, whatever the field is called. */
const HARMLESS: ReadonlySet<string> = new Set(['Boolean', 'DateTime'])
/** Of numbers only the plain words are taken for secrets: `salt` is grams, `hash` of a `Token` may be an index. */
const NUMBERS: ReadonlySet<string> = new Set(['Int', 'BigInt', 'Float', 'Decimal'])

/** What has a name of its own, and maybe another one in the database. */
type Named = Pick<ColumnField, 'name' | 'dbName'>

/** What the annotation says; without one, what is named like a secret is redacted. */
export function policyOf(
  field: ColumnField,
  annotation: AuditAnnotation | undefined,
  model: Named,
): CapturePolicy {
  const said = annotation?.policy?.value ?? (isNamedSecret(field, model) ? 'redact' : 'record')
  return said === 'whenChanged' ? 'record' : said
}

function isNamedSecret(field: ColumnField, model: Named): boolean {
  if (field.kind === 'object' || field.kind === 'enum' || HARMLESS.has(field.type)) return false
  const names = namesOf(field)
  if (names.some(isSecretName)) return true
  if (NUMBERS.has(field.type)) return false
  const models = namesOf(model)
  return names.some((name) => isSecretText(name) || models.some((owner) => isFormOfSecret(name, owner)))
}

function namesOf({ name, dbName }: Named): readonly string[] {
  return dbName ? [name, dbName] : [name]
}

/** Of a field without a policy of its own. `isKey`: rows are told apart by it, so it cannot be redacted. */
export function namedLikeSecret(
  field: Pick<ColumnField, 'name'>,
  scanned: SchemaField | undefined,
  context: { readonly model: string; readonly field: string },
  isKey: boolean,
): Diagnostic {
  const named = `"${context.model}.${field.name}" is named like a secret`
  return {
    code: 'AUD513',
    severity: 'warning',
    message: isKey
      ? `${named} and belongs to the key: its values are in the history, which could not tell rows apart without them.`
      : `${named}: the history holds that it changed, and not its values, and records the model row by row.`,
    ...(scanned ? { place: scanned.place } : {}),
    ...context,
    hint: isKey
      ? 'Say so with /// @audit(record) above the field, or give the model another @id.'
      : 'Say what is meant above the field: /// @audit(redact), or /// @audit(record) to have the values recorded.',
  }
}
