import { wordsOn } from '../annotation/annotation-words.ts'
import type { At, AuditAnnotation, FieldOptions, ModelOptions } from '../annotation/audit-annotation.ts'
import { parseAnnotation } from '../annotation/parse-annotation.ts'
import type { AnnotationText } from '../annotation/schema-blocks.ts'
import type { Diagnostic } from '../diagnostics.ts'
import type { SourcePlace } from '../model/place.ts'

export type NodeKind = 'model' | 'field'

const FIELD_OPTIONS = ['policy', 'personal', 'subject'] as const satisfies readonly (keyof FieldOptions)[]
const MODEL_OPTIONS = [
  'state',
  'sessionSettings',
  'facts',
  'level',
  'updates',
  'truncate',
  'missingSettings',
  'enableAlways',
  'backfill',
  'partitionBy',
  'table',
  'function',
  'trigger',
] as const satisfies readonly (keyof ModelOptions)[]

/** The one annotation of a model or field, checked for what may stand there. */
export function readNodeAnnotation(
  node: NodeKind,
  texts: readonly AnnotationText[],
  context: Pick<Diagnostic, 'model' | 'field'>,
): { annotation: AuditAnnotation | undefined; diagnostics: readonly Diagnostic[] } {
  const [first, ...more] = texts
  if (!first) return { annotation: undefined, diagnostics: [] }
  const { annotation, diagnostics: problems } = parseAnnotation(first.text, first.place)
  const diagnostics: Diagnostic[] = [...problems]
  const report = (diagnostic: Omit<Diagnostic, 'severity'>) => {
    diagnostics.push({ severity: 'error', ...diagnostic })
  }
  for (const { place } of more) {
    report({
      code: 'AUD206',
      message: `A second @audit on one ${node}; the first is in line ${first.place.line}.`,
      place,
      hint: 'Put all options into one annotation.',
    })
  }
  for (const option of node === 'model' ? FIELD_OPTIONS : MODEL_OPTIONS) {
    const found = annotation[option]
    if (!found) continue
    const word = option === 'policy' || option === 'state' ? String(found.value) : option
    report({
      code: 'AUD207',
      message: `"${word}" does not belong on a ${node}.`,
      place: found.place,
      hint:
        node === 'model'
          ? 'Put it above the field that is meant.'
          : `Put it above the model. A field knows: ${wordsOn('field').join(', ')}.`,
    })
  }
  if (node === 'model' && !annotation.state && diagnostics.length === 0) {
    report({
      code: 'AUD209',
      message: 'This annotation says neither "enabled" nor "disabled".',
      place: annotation.place,
      hint: 'Begin with the one that is meant: @audit(enabled, …)',
    })
  }
  const unconditional = is(annotation.level, 'statement') && is(annotation.updates, 'changed')
  if (unconditional) {
    report({
      code: 'AUD205',
      message: '"updates: changed" contradicts "level: statement": only a row has an old and a new state.',
      place: unconditional,
      hint: 'Leave "level" out: updates: changed brings level: row with it.',
    })
  }
  const neverCalled = is(annotation.level, 'statement') && is(annotation.enableAlways, true)
  if (neverCalled) {
    report({
      code: 'AUD205',
      message:
        '"enableAlways: true" contradicts "level: statement": what replication applies calls row triggers only.',
      place: neverCalled,
      hint: 'Leave "level" out: enableAlways: true brings level: row with it.',
    })
  }
  return { annotation, diagnostics: diagnostics.map((each) => ({ ...context, ...each })) }
}

function is<T>(option: At<T> | undefined, value: T): SourcePlace | undefined {
  return option?.value === value ? option.place : undefined
}
