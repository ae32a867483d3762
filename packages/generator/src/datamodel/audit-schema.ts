import type * as DMMF from '@prisma/dmmf'
import { optionPlaces } from '../annotation/option-places.ts'
import type { SchemaBlock } from '../annotation/schema-blocks.ts'
import type { Diagnostic } from '../diagnostics.ts'

/** The audit schema has to be out of Prisma's sight, or its migrations would drop the history. */
export function auditSchemaProblems(
  auditSchema: string,
  datasourceSchemas: readonly string[],
  models: readonly DMMF.Model[],
  generator: SchemaBlock | undefined,
): readonly Diagnostic[] {
  const known = new Set([...datasourceSchemas, ...models.flatMap(({ schema }) => schema ?? [])])
  if (!known.has(auditSchema)) return []
  return [
    {
      code: 'AUD908',
      severity: 'error',
      message: `The audit schema "${auditSchema}" is one of the datasource's own schemas, which is not available in this version yet.`,
      ...(generator ? { place: optionPlaces(generator)('schema') } : {}),
      hint: 'Choose another with the option schema: prisma migrate would drop audit tables in a schema that it manages.',
    },
  ]
}
