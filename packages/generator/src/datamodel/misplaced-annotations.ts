import type { BlockKind, SchemaBlock } from '../annotation/schema-blocks.ts'
import type { Diagnostic } from '../diagnostics.ts'

const EXPLANATIONS = {
  view: {
    code: 'AUD401',
    message: 'A view has no rows of its own to audit.',
    hint: 'Audit the models under it.',
  },
  type: {
    code: 'AUD402',
    message: 'A composite type is no table.',
    hint: 'Audit the models that use it.',
  },
  enum: {
    code: 'AUD403',
    message: 'An enum has no rows to audit.',
    hint: 'Audit the models that use it.',
  },
  generator: {
    code: 'AUD404',
    message: 'Only models and their fields can be audited.',
    hint: "The generator's options are written as key = value inside the block.",
  },
  datasource: {
    code: 'AUD404',
    message: 'Only models and their fields can be audited.',
    hint: 'Put the annotation above each model that is to be audited.',
  },
  model: {
    code: 'AUD410',
    message: 'Prisma does not know the model below this annotation.',
    hint: 'Run prisma validate.',
  },
} as const satisfies Record<BlockKind, Pick<Diagnostic, 'code' | 'message' | 'hint'>>

/** Annotations on a block that cannot be audited, and on its fields. */
export function misplacedAnnotations(block: SchemaBlock): readonly Diagnostic[] {
  const texts = [...block.annotations, ...block.fields.flatMap((field) => field.annotations)]
  return texts.map(({ place }) => ({
    severity: 'error',
    ...EXPLANATIONS[block.kind],
    place,
    model: block.name,
  }))
}
