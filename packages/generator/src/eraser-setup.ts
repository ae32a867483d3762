import { roleNameProblem } from './role-name.ts'

export interface EraserFlags {
  /** The role that owns the function of erasures. */
  readonly role: string
  /** The role that may call it. */
  readonly by: string
}

/** Says which names cannot be the roles, in words for whoever asked; undefined where they can. */
export function eraserNameProblem({ role, by }: EraserFlags): string | undefined {
  for (const [flag, name] of [
    ['role', role],
    ['by', by],
  ] as const) {
    const problem = name.startsWith('pg_')
      ? "names that begin with pg_ are PostgreSQL's own"
      : roleNameProblem(name)
    if (problem !== undefined)
      return `--${flag} "${name}": ${problem}. Name a role, one that exists or a new one.`
  }
  return role === by
    ? `--role and --by are both "${role}". Nobody may be the role that erases: who may ask it to needs a role of its own.`
    : undefined
}
