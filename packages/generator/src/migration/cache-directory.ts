import { accessSync, constants, existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'

/**
 * Where the parse cache lives: `node_modules/.cache` of the nearest project above `dir`, else the user's own
 * cache directory; undefined where neither can be. Never a directory that other users can write to: whoever
 * plants a cache there would decide what we read.
 */
export function findCacheDirectory(
  dir: string,
  env: Readonly<Record<string, string | undefined>>,
): string | undefined {
  for (let at = dir; ; at = dirname(at)) {
    const modules = join(at, 'node_modules')
    if (existsSync(modules) && isWritable(modules)) return join(modules, '.cache', 'prisma-generator-audit')
    if (dirname(at) === at) break
  }
  if (env.XDG_CACHE_HOME) return join(env.XDG_CACHE_HOME, 'prisma-generator-audit')
  const home = homedir()
  return home === '' ? undefined : join(home, '.cache', 'prisma-generator-audit')
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK)
    return true
  } catch {
    return false
  }
}
