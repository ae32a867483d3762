import type { LostAnnotation, LostReason } from '../annotation/schema-blocks.ts'
import type { Diagnostic } from '../diagnostics.ts'

type Explanation = Pick<Diagnostic, 'code' | 'message' | 'hint'> & Partial<Pick<Diagnostic, 'severity'>>

/** Why Prisma, or this generator, does not take the annotation, and what to do. */
const EXPLANATIONS = {
  'blank-line': {
    code: 'AUD405',
    message: 'A blank line stands between this annotation and what it should belong to, so Prisma drops it.',
    hint: 'Remove the blank line.',
  },
  'line-comment': {
    code: 'AUD406',
    message: 'This annotation stands in a // comment, which Prisma drops.',
    hint: 'Write it with three slashes: /// @audit(…)',
  },
  'block-comment': {
    code: 'AUD406',
    message: 'This annotation stands in a /* … */ comment, which not every version of Prisma keeps.',
    hint: 'Write it with three slashes: /// @audit(…)',
  },
  'four-slashes': {
    code: 'AUD407',
    message: 'This annotation stands behind four slashes.',
    hint: 'Write it with three: /// @audit(…)',
  },
  'block-attribute': {
    code: 'AUD408',
    message: 'This annotation stands before or behind a block attribute (@@…), where it belongs to nothing.',
    hint: 'Put it above the model, or above the field that is meant.',
  },
  ignored: {
    code: 'AUD409',
    message: 'This annotation stands on a model that Prisma Client leaves out (@@ignore), so it is lost.',
    hint: 'Remove the annotation, or the @@ignore.',
  },
  nowhere: {
    code: 'AUD410',
    message: 'Nothing that could be audited stands below this annotation.',
    hint: 'Put it on a line of its own, directly above the model or field.',
  },
  'commented-out': {
    code: 'AUD412',
    severity: 'info',
    message: 'This annotation is commented out and does nothing.',
    hint: 'Remove it, or write @audit(disabled) to say that a model is not audited on purpose.',
  },
  misspelled: {
    code: 'AUD208',
    message: 'This looks like an annotation but is none.',
    hint: 'It is written in lower case, with one @ and parentheses: /// @audit(enabled)',
  },
} as const satisfies Record<LostReason, Explanation>

/** Every `@audit` that would be passed over in silence, as a problem. */
export function explainLost(lost: readonly LostAnnotation[]): readonly Diagnostic[] {
  return lost.map(({ reason, place, model, field }) => ({
    severity: 'error',
    ...EXPLANATIONS[reason],
    place,
    ...(model === undefined ? {} : { model }),
    ...(field === undefined ? {} : { field }),
  }))
}
