/** What decides whether a migration may be written, gathered by `observeSurroundings`. */
export interface Surroundings {
  readonly write: 'auto' | 'always' | 'never'
  readonly env: Readonly<Record<string, string | undefined>>
  readonly isWatch: boolean
  readonly hasTerminal: boolean
  readonly insideGitWorkTree: boolean
  readonly folderWritable: boolean
}

export interface WriteDecision {
  readonly write: boolean
  /** Why; the second half of a sentence: "No migration was written, because …". */
  readonly reason: string
}

/**
 * Whether a migration is written: only where somebody will commit it. A build that generates and then deploys
 * would otherwise apply a migration that is in no repository.
 */
export function writeDecision(surroundings: Surroundings): WriteDecision {
  const { write, env, isWatch, hasTerminal, insideGitWorkTree, folderWritable } = surroundings
  if (write === 'never') return { write: false, reason: 'the generator says write = "never"' }
  if (write === 'always') return { write: true, reason: 'the generator says write = "always"' }
  if (isCi(env.CI)) return { write: false, reason: 'CI is set' }
  if (isWatch) return { write: false, reason: '`prisma generate` runs under --watch' }
  if (!folderWritable) return { write: false, reason: 'the migrations folder is read-only' }
  if (!hasTerminal && !insideGitWorkTree) {
    return { write: false, reason: 'there is neither a terminal nor a git work tree' }
  }
  return { write: true, reason: hasTerminal ? 'there is a terminal' : 'this is a git work tree' }
}

/** `CI=false` and `CI=0` mean no, as they do for most tools. */
function isCi(value: string | undefined): boolean {
  return value !== undefined && !['', '0', 'false'].includes(value.toLowerCase())
}
