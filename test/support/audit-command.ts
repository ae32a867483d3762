import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const command = fileURLToPath(
  new URL('../../packages/generator/bin/prisma-generator-audit.js', import.meta.url),
)

export type AuditResult = { readonly stdout: string; readonly stderr: string; readonly exitCode: number }

/** Runs `prisma-generator-audit <args>` in `dir`, as it is installed, in a process of its own and without colours. */
export function runAudit(
  dir: string,
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>> = {},
): Promise<AuditResult> {
  const { PRISMA_GENERATOR_INVOCATION: _, CI: __, NODE_OPTIONS: ___, ...inherited } = process.env
  return new Promise((resolve) => {
    const options = { cwd: dir, env: { ...inherited, NO_COLOR: '1', ...env }, maxBuffer: 2 ** 26 }
    execFile(process.execPath, [command, ...args], options, (error, stdout, stderr) => {
      const exitCode = error === null ? 0 : typeof error.code === 'number' ? error.code : -1
      resolve({ stdout, stderr, exitCode })
    })
  })
}
