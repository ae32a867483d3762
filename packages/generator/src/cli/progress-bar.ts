import { Presets, SingleBar } from 'cli-progress'
import type { BaselineProgress } from './baseline-batches.ts'

export interface ProgressBar {
  update(progress: BaselineProgress): void
  stop(): void
}

/** A bar on a terminal; elsewhere, as in a log, a line each ten seconds. */
export function progressBar(name: string): ProgressBar {
  const bar = new SingleBar(
    {
      format:
        '{name} {bar} {percentage}% | {value} of about {total} rows read, {written} recorded | {eta_formatted} left',
      stream: process.stderr,
      noTTYOutput: true,
      notTTYSchedule: 10_000,
      hideCursor: null,
      etaBuffer: 50,
    },
    Presets.shades_classic,
  )
  let isStarted = false
  return {
    update({ total, read, written }) {
      if (isStarted) {
        bar.setTotal(total)
        bar.update(read, { name, written })
      } else bar.start(total, read, { name, written })
      isStarted = true
    },
    stop: () => bar.stop(),
  }
}
