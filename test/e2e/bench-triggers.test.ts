import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, inject, onTestFinished, test } from 'vitest'
import { findPgbench, NO_PGBENCH } from '../../bench/triggers/pgbench.ts'
import type { TriggerReport } from '../../bench/triggers/report.ts'
import { VARIANT_NAMES } from '../../bench/triggers/variants.ts'

const repository = fileURLToPath(new URL('../..', import.meta.url))
const isMissing = findPgbench() === undefined
if (isMissing) console.info(`${NO_PGBENCH}: the benchmark of triggers is not run.`)

test.skipIf(isMissing)(
  'the benchmark of triggers measures every way to record a write against none and against the limit',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'audit-bench-triggers-'))
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
    const file = join(folder, 'triggers.json')
    const page = join(repository, 'bench/results/triggers.md')
    const before = readFileSync(page, 'utf8')
    const env = { ...process.env, TEST_DATABASE_URL: inject('database').url }
    const wishes = ['--quick', '--workloads', 'insert-1,update-1', '--json', file]
    const args = ['--import', 'tsx', 'bench/run.ts', 'triggers', ...wishes]
    const { stdout } = await promisify(execFile)(process.execPath, args, {
      cwd: repository,
      env,
      timeout: 170_000,
    })
    const { runs, rows } = JSON.parse(readFileSync(file, 'utf8')) as TriggerReport
    expect(runs).toBe(1)
    expect(rows.map(({ workload, variant }) => [workload, variant])).toEqual(
      ['insert-1', 'update-1'].flatMap((workload) => VARIANT_NAMES.map((variant) => [workload, variant])),
    )
    for (const { variant, microseconds, ratioToBare, ratioToLimit, toBare, bytesPerChange } of rows) {
      for (const figure of [microseconds, ratioToBare, ratioToLimit]) expect(figure).toBeGreaterThan(0)
      expect(toBare).toEqual([ratioToBare])
      // Without a history nothing is stored.
      if (variant === 'bare') expect(bytesPerChange).toBeUndefined()
      else expect(bytesPerChange).toBeGreaterThan(0)
    }
    expect(stdout).toContain('## Against the physical limit')
    // A run that is not whole is no page.
    expect(readFileSync(page, 'utf8')).toBe(before)
  },
  180_000,
)
