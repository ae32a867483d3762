/**
 * The known word that a misspelled one is likely to mean, or nothing.
 * Counts insertions, deletions, replacements and swaps of neighbours; a third of the word may be wrong.
 */
export function closestWord(word: string, known: readonly string[]): string | undefined {
  const limit = Math.max(1, Math.floor(word.length / 3))
  const scored = known
    .map((each) => ({ each, distance: editDistance(word.toLowerCase(), each.toLowerCase()) }))
    .filter(({ distance }) => distance <= limit)
    .sort((a, b) => a.distance - b.distance)
  return scored[0]?.each
}

/** "Did you mean …?" where a known word is close, else the list of what is known. */
export function suggest(word: string, known: readonly string[]): string {
  const closest = closestWord(word, known)
  return closest ? `Did you mean "${closest}"?` : `Known here: ${known.join(', ')}.`
}

function editDistance(a: string, b: string): number {
  // Nothing that long is a slip of a known word, and the table below is quadratic.
  if (Math.abs(a.length - b.length) > 16) return Number.POSITIVE_INFINITY
  let beforeLast: number[] = []
  let last = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1]
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      row[j] = Math.min(
        (last[j] ?? 0) + 1,
        (row[j - 1] ?? 0) + 1,
        (last[j - 1] ?? 0) + (same ? 0 : 1),
        swapped ? (beforeLast[j - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY,
      )
    }
    beforeLast = last
    last = row
  }
  return last[b.length] ?? 0
}
