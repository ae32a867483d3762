import { Presets, SingleBar } from 'cli-progress'

export interface ProgressBar {
  update(done: number, total: number, counts?: Readonly<Record<string, string | number>>): void
  stop(): void
}

/**
 * A bar on a terminal; elsewhere, as in a log, a line each ten seconds.
 *
 * @param says what is done, `{value} of about {total} rows read`; it may name counts that come with an update
 */
export function progressBar(name: string, says: string): ProgressBar {
  const bar = new SingleBar(
    {
      format: `{name} {bar} {percentage}% | ${says} | {eta_formatted} left`,
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
    update(done, total, counts = {}) {
      if (isStarted) {
        bar.setTotal(total)
        bar.update(done, { name, ...counts })
      } else bar.start(total, done, { name, ...counts })
      isStarted = true
    },
    stop: () => bar.stop(),
  }
}
