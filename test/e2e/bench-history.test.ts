import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, inject, onTestFinished, test } from 'vitest'

const repository = fileURLToPath(new URL('../..', import.meta.url))

interface Report {
  readonly auditRows: number
  readonly rows: readonly {
    readonly question: string
    readonly rounds: number
    readonly ratio: { readonly median: number; readonly low: number; readonly high: number }
  }[]
  readonly plans: readonly { readonly says: string; readonly plan: string }[]
}

test('the history benchmark compares its questions with reads of the live row and with SQL by hand, and shows the plans', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'audit-bench-history-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, 'history.json')
  const env = { ...process.env, TEST_DATABASE_URL: inject('database').url }
  const flags = ['--rows', '4000', '--rounds', '3', '--slow-rounds', '1', '--json', file]
  const args = ['--import', 'tsx', 'bench/run.ts', 'history', ...flags]
  await promisify(execFile)(process.execPath, args, { cwd: repository, env, timeout: 170_000 })
  const { auditRows, rows, plans }: Report = JSON.parse(readFileSync(file, 'utf8'))
  expect(auditRows).toBe(4000)
  expect(rows.map(({ question, rounds }) => [question, rounds])).toEqual([
    ['timeline-20', 3],
    ['as-of-row', 3],
    ['as-of-1000', 3],
    ['as-of-all', 1],
  ])
  for (const { ratio } of rows) expect(ratio.median).toBeGreaterThan(0)
  expect(plans).toHaveLength(7)
  for (const { plan } of plans) expect(plan).toContain('Execution Time')
}, 180_000)
