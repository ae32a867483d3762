import type { OperationName } from './operation.ts'
import { type Estimate, median, pairedRatio, quantile } from './ratio.ts'
import type { Series, Trials } from './rounds.ts'
import type { VariantName } from './variant.ts'

/** One operation of one variant on one path, beside a reference in the same run. */
export interface Figure {
  readonly op: OperationName
  readonly variant: VariantName
  /** Milliseconds added to each round trip; `null` without the proxy between. */
  readonly latencyMs: number | null
  /** The median of the ratios within a round, and its 95 % interval. */
  readonly p50Ratio: number
  readonly p50Low: number
  readonly p50High: number
  /** The ratio of the two 95th percentiles. */
  readonly p95Ratio: number
  /** The median of the ratios of the client's processor time. */
  readonly workRatio: number
  readonly workLow: number
  readonly workHigh: number
  readonly roundTrips: number | undefined
  readonly bareRoundTrips: number | undefined
  /** The median call, in milliseconds. */
  readonly p50Ms: number
}

export interface Failure {
  readonly op: OperationName
  readonly variant: VariantName
  readonly error: string
}

/** The figures of one path, as ratios to `reference`. */
export function figuresOf(
  trials: Trials,
  latencyMs: number | null,
  reference: VariantName = 'bare',
): readonly Figure[] {
  return [...trials].flatMap(([op, variants]) => {
    const byName = new Map([...variants].map(([{ name }, trial]) => [name, trial]))
    const base = byName.get(reference)
    if (base === undefined || 'error' in base) return []
    return [...byName].flatMap(([variant, trial]) =>
      'error' in trial ? [] : [figure(op, variant, latencyMs, trial, base)],
    )
  })
}

export function failuresOf(trials: Trials): readonly Failure[] {
  return [...trials].flatMap(([op, variants]) =>
    [...variants].flatMap(([{ name: variant }, trial]) =>
      'error' in trial ? [{ op, variant, error: trial.error }] : [],
    ),
  )
}

function figure(
  op: OperationName,
  variant: VariantName,
  latencyMs: number | null,
  series: Series,
  base: Series,
): Figure {
  const ratio: Estimate = pairedRatio(series.rounds, base.rounds)
  const work = pairedRatio(series.work, base.work)
  return {
    op,
    variant,
    latencyMs,
    p50Ratio: ratio.median,
    p50Low: ratio.low,
    p50High: ratio.high,
    p95Ratio: quantile(series.calls, 0.95) / quantile(base.calls, 0.95),
    workRatio: work.median,
    workLow: work.low,
    workHigh: work.high,
    roundTrips: series.roundTrips,
    bareRoundTrips: base.roundTrips,
    p50Ms: median(series.calls),
  }
}
