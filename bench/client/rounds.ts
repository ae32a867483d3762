import { shuffled } from '../shuffled.ts'
import type { LatencyProxy } from './latency-proxy.ts'
import type { OperationName } from './operation.ts'
import { median } from './ratio.ts'
import type { Answer, Measured, VariantWorker } from './variant-worker.ts'

/** A way to the server, and how many calls are timed on it. */
export interface Path {
  readonly url: string
  /** Absent on the direct way, where nobody counts. */
  readonly proxy?: LatencyProxy
  readonly rounds: number
  /** In each round: calls that are not timed, so that a process that has slept is awake again, and calls that are. */
  readonly warm: number
  readonly calls: number
}

/** What one variant took for one operation on one path. */
export interface Series {
  /** The median of each round, in milliseconds. */
  readonly rounds: number[]
  /** Each call, in milliseconds. */
  readonly calls: number[]
  /** The client's own work in each round, in microseconds of processor time a call: what a busy machine blurs least. */
  readonly work: number[]
  readonly roundTrips: number | undefined
}

/** A variant that runs an operation, or why it does not. */
export type Trial = Series | { readonly error: string }

export type Trials = ReadonlyMap<OperationName, ReadonlyMap<VariantWorker, Trial>>

type UrlOf = (worker: VariantWorker, path: Path) => string

/** Runs each operation once in each variant: which of them run, and in how many round trips. */
export async function tryAll(
  path: Path,
  workers: readonly VariantWorker[],
  names: readonly OperationName[],
  urlOf: UrlOf,
  onTried: (worker: VariantWorker, operation: OperationName) => Promise<void>,
): Promise<Trials> {
  const trials = new Map<OperationName, Map<VariantWorker, Trial>>(names.map((name) => [name, new Map()]))
  for (const worker of workers) {
    for (const operation of names) {
      const url = urlOf(worker, path)
      const warm = Math.min(10, path.rounds)
      let answer = await worker.run({ kind: 'operate', operation, url, warm, calls: 0 })
      const once = async () => {
        answer = await worker.run({ kind: 'operate', operation, url, warm: 0, calls: 1 })
      }
      const isRunning = 'times' in answer
      if (isRunning) await worker.run({ kind: 'prepare', operation, url })
      const roundTrips = isRunning ? await counted(path, once) : undefined
      trials
        .get(operation)
        ?.set(worker, 'times' in answer ? { rounds: [], calls: [], work: [], roundTrips } : answer)
      if (isRunning) await onTried(worker, operation)
    }
  }
  return trials
}

async function counted(path: Path, call: () => Promise<void>): Promise<number | undefined> {
  if (path.proxy !== undefined) return path.proxy.count(call)
  await call()
  return undefined
}

/**
 * In each round every variant runs the same operation, one right behind the other and in an order of chance, so that the
 * moods of the machine meet all of them. A variant that breaks on the way breaks the benchmark.
 */
export async function runRound(path: Path, trials: Trials, urlOf: UrlOf): Promise<void> {
  for (const [operation, variants] of trials) {
    for (const [worker, trial] of shuffled([...variants])) {
      if ('error' in trial) continue
      const { warm, calls } = path
      const url = urlOf(worker, path)
      const answer = await worker.run({ kind: 'operate', operation, url, warm, calls })
      const { times, work } = measured(answer, `${operation} of ${worker.name}`)
      trial.calls.push(...times)
      trial.rounds.push(median(times))
      trial.work.push(median(work))
    }
  }
}

export function measured(answer: Answer, what: string): Measured {
  if ('times' in answer) return answer
  throw new Error(`${what} broke on the way: ${answer.error}`)
}
