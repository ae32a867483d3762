import type { SourcePlace } from '../model/place.ts'
import type { AnnotationText, LostAnnotation, LostReason } from './schema-blocks.ts'

/** One comment: a line's `//…` with its kind, or a whole `/* … *\/`. Offsets are into the file. */
export interface Comment {
  readonly kind: 'doc' | 'line' | 'block'
  readonly start: number
  readonly end: number
}

/**
 * `@audit` with its parenthesis, or something that looks like it: another case, two @, no parenthesis at a line's
 * start. A quoted one is prose.
 */
const MENTION = /(?<![^\s/*])(@{1,2})(audit)(?![\p{L}\p{N}_.-])([\p{Zs}\t]*\()?/giu

export interface Mention extends AnnotationText {
  /** Set where it cannot be an annotation, whatever stands below it. */
  readonly lost?: LostReason
}

/**
 * Every `@audit` of a run of comments. An annotation's text reaches to the run's end, so that it may go over several lines.
 */
export function findMentions(
  text: string,
  run: readonly Comment[],
  place: (offset: number, length: number) => SourcePlace,
): readonly Mention[] {
  if (run.length === 0) return []
  const end = run.at(-1)?.end ?? 0
  return run.flatMap((comment) => {
    const content = text.slice(comment.start, comment.end)
    return [...content.matchAll(MENTION)].flatMap((match): Mention[] => {
      const [whole, ats = '', word = '', parenthesis] = match
      const before = content.slice(0, match.index)
      const offset = comment.start + match.index
      const found = {
        text: text.slice(offset, comment.kind === 'line' ? comment.end : end),
        place: place(offset, ats.length + word.length),
      }
      const startsLine = /^[\s/*]*$/.test(before.split(/[\r\n]/).at(-1) ?? '')
      const standsAlone =
        startsLine && /^[\p{Zs}\t]*(?:\r|\n|$)/u.test(content.slice(match.index + whole.length))
      if (!parenthesis && !standsAlone) return []
      const lost = lostReason(comment, before)
      if (lost) return [{ ...found, lost }]
      return [ats === '@' && word === 'audit' && parenthesis ? found : { ...found, lost: 'misspelled' }]
    })
  })
}

function lostReason({ kind }: Comment, before: string): LostReason | undefined {
  if (kind === 'block') return 'block-comment'
  if (kind === 'line') return /^\/\/[\p{Zs}\t]*\/\/\//u.test(before) ? 'commented-out' : 'line-comment'
  return before.startsWith('////') ? 'four-slashes' : undefined
}

/** Splits mentions into the annotations of a node and those that are lost. */
export function sortMentions(
  mentions: readonly Mention[],
  owner: Pick<LostAnnotation, 'model' | 'field'>,
  everythingLost?: LostReason,
): { annotations: readonly AnnotationText[]; lost: readonly LostAnnotation[] } {
  const annotations: AnnotationText[] = []
  const lost: LostAnnotation[] = []
  for (const { text, place, lost: own } of mentions) {
    const reason = own ?? everythingLost
    if (reason) lost.push({ text, place, reason, ...owner })
    else annotations.push({ text, place })
  }
  return { annotations, lost }
}
