import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url))
const { version }: { version: string } = JSON.parse(readFileSync(path('../package.json'), 'utf8'))

/** The command as it is installed, with nobody at a terminal; stdin stays open, as in a build. */
async function run(...args: readonly string[]) {
  const { PRISMA_GENERATOR_INVOCATION: _, ...env } = process.env
  const child = spawn(process.execPath, [path('../bin/prisma-generator-audit.js'), ...args], {
    env,
    stdio: 'pipe',
  })
  const hanging = setTimeout(() => child.kill(), 20_000)
  const [stdout, stderr, [exitCode]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ])
  clearTimeout(hanging)
  const known = (output: string) => output.replace(version, '<version>')
  return { stdout: known(stdout), stderr: known(stderr), exitCode }
}

const usage = `Usage: prisma-generator-audit [options] [command]

Audit trail for Prisma and PostgreSQL.

As a generator it is run by \`npx prisma generate\` where schema.prisma holds

  generator audit {
    provider        = "prisma-generator-audit"
    output          = "../generated/audit"
    sessionSettings = ["username String"]
  }
`

test('--version prints the version and nothing else', async () => {
  expect(await run('--version')).toEqual({ stdout: '<version>\n', stderr: '', exitCode: 0 })
})

test('--help says what it is and how it is run', async () => {
  const { stdout, ...rest } = await run('--help')
  expect(rest).toEqual({ stderr: '', exitCode: 0 })
  expect(stdout.startsWith(usage)).toBe(true)
  expect(stdout).toContain('check [options]')
})

test('run by hand without arguments it says how it is run, and does not wait for a Prisma that never speaks', async () => {
  const { stdout, ...rest } = await run()
  expect(rest).toEqual({ stderr: '', exitCode: 1 })
  expect(stdout.startsWith(usage)).toBe(true)
})

test('an unknown command or flag is named, on stderr, with what was meant, and is a failure', async () => {
  expect(await run('chek')).toEqual({
    stdout: '',
    stderr: "error: unknown command 'chek'\n(Did you mean check?)\n",
    exitCode: 1,
  })
  expect(await run('--frobnicate')).toEqual({
    stdout: '',
    stderr: "error: unknown option '--frobnicate'\n",
    exitCode: 1,
  })
})

test('check ends with 2, not 1, where it could not look', async () => {
  expect(await run('check', '--jsn')).toEqual({
    stdout: '',
    stderr: "error: unknown option '--jsn'\n(Did you mean --json?)\n",
    exitCode: 2,
  })
})
