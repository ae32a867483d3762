import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'chrome']

/** The browser of this machine; CHROMIUM names another one. */
export function findChromium(): string | undefined {
  const named = process.env.CHROMIUM
  if (named) return named
  const folders = (process.env.PATH ?? '').split(delimiter)
  return folders.flatMap((folder) => NAMES.map((name) => join(folder, name))).find((path) => existsSync(path))
}

/** `Chromium 140.0.7339.127`; undefined where there is none. */
export function chromiumVersion(): string | undefined {
  const file = findChromium()
  if (file === undefined) return undefined
  const { stdout } = spawnSync(file, ['--version'], { encoding: 'utf8', timeout: 30_000 })
  return (
    (stdout ?? '')
      .split('\n')[0]
      ?.replace(/ built on.*/, '')
      .trim() || undefined
  )
}

export const withoutChromium =
  'Chromium is not installed: the tests of the page are skipped. On Debian: apt-get install chromium'
