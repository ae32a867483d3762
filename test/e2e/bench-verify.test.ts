import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, inject, onTestFinished, test } from 'vitest'

const repository = fileURLToPath(new URL('../..', import.meta.url))

test('the benchmark of seals compares sealing and verifying with reading all rows once, and says how much memory it took', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'audit-bench-verify-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, 'verify.json')
  const env = { ...process.env, TEST_DATABASE_URL: inject('database').url }
  const args = ['--import', 'tsx', 'bench/run.ts', 'verify', '--rows', '4000', '--json', file]
  await promisify(execFile)(process.execPath, args, { cwd: repository, env, timeout: 170_000 })
  const report = JSON.parse(readFileSync(file, 'utf8'))
  expect(report).toMatchObject({ auditRows: 4000, pageRows: 1000 })
  for (const figure of [
    report.readMs,
    report.sealMs,
    report.verifyMs,
    report.memory.peak,
    report.bytes.seals,
  ]) {
    expect(figure).toBeGreaterThan(0)
  }
}, 180_000)
