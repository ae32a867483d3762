import { beforeEach } from 'vitest'
import { findChromium, withoutChromium } from './chromium.ts'

/** Reports the tests of a file as skipped where there is no browser; the start of the run has said so. */
export function skipWithoutChromium(): void {
  if (findChromium() === undefined) beforeEach(({ skip }) => skip(withoutChromium))
}
