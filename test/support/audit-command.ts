import { runInProcess } from './command-process.ts'
import type { CommandAnswer } from './warm-process.ts'

export type AuditResult = CommandAnswer

/** Runs `prisma-generator-audit <args>` in `dir`, without colours. */
export function runAudit(
  dir: string,
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>> = {},
): Promise<AuditResult> {
  const { PRISMA_GENERATOR_INVOCATION: _, CI: __, ...inherited } = process.env
  return runInProcess({ args, cwd: dir, env: { ...inherited, NO_COLOR: '1', ...env } })
}
