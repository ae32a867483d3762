/** A median with its 95 % interval. */
export interface Estimate {
  readonly median: number
  readonly low: number
  readonly high: number
}

/** The value below which the share `at` of the figures lies; `NaN` of none. */
export function quantile(figures: readonly number[], at: number): number {
  const sorted = figures.toSorted((a, b) => a - b)
  const place = at * (sorted.length - 1)
  const below = sorted[Math.floor(place)] ?? Number.NaN
  const above = sorted[Math.ceil(place)] ?? Number.NaN
  return below + (above - below) * (place - Math.floor(place))
}

export function median(figures: readonly number[]): number {
  return quantile(figures, 0.5)
}

/**
 * The median of ratios, each taken within one round, and the order statistics between which the true median lies with
 * a probability of 95 %: ranks n/2 ± 0.98 √n, which supposes nothing about how the figures are spread.
 */
export function pairedRatio(figures: readonly number[], references: readonly number[]): Estimate {
  const ratios = figures
    .map((figure, round) => figure / (references[round] ?? Number.NaN))
    .filter(Number.isFinite)
    .toSorted((a, b) => a - b)
  const count = ratios.length
  const reach = 0.98 * Math.sqrt(count)
  const at = (rank: number) => ratios[Math.min(count - 1, Math.max(0, rank))] ?? Number.NaN
  return {
    median: median(ratios),
    low: at(Math.floor(count / 2 - reach)),
    high: at(Math.ceil(count / 2 + reach) - 1),
  }
}
