const HEAD = '-- Added by prisma-generator-audit: '
const END = '-- End of what was added.'
const ADDED = new RegExp(`^${HEAD}.*\\n(?:.*\\n)*?${END}[^\\S\\n]*\\n(?:[^\\S\\n]*\\n)?`, 'gm')
const RANGE = new RegExp(`^${HEAD}[\\s\\S]*?^${END}`, 'gm')

/**
 * Statements to stand among Prisma's own in a draft, marked so that `withoutAdded` finds them again.
 *
 *     -- Added by prisma-generator-audit: the data changes below are made by this migration.
 *     SELECT set_config('audit.username', 'migration:20260304101500_fix_totals', true);
 *     -- End of what was added.
 *
 * @param why one line
 */
export function renderAdded(why: string, statements: string): string {
  return `${HEAD}${why}\n${statements.trimEnd()}\n${END}\n\n`
}

/** A migration's text as it was before anything was added to it. */
export function withoutAdded(text: string): string {
  return text.includes(HEAD) ? text.replaceAll('\r\n', '\n').replace(ADDED, '') : text
}

/** Whether an offset of the text lies in what was added. */
export function inAdded(text: string): (offset: number) => boolean {
  if (!text.includes(HEAD)) return () => false
  const ranges = [...text.matchAll(RANGE)].map(
    ({ 0: range, index }) => [index, index + range.length] as const,
  )
  return (offset) => ranges.some(([start, end]) => offset >= start && offset < end)
}
