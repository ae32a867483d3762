import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, inject, onTestFinished, test, vi } from 'vitest'

const run = promisify(execFile)
const repository = fileURLToPath(new URL('../..', import.meta.url))

/** It takes some seconds, and many times that where the machine has other work. */
vi.setConfig({ testTimeout: 180_000 })

/** As `pnpm bench` does, after its build. */
function bench(...args: string[]) {
  const env = { ...process.env, TEST_DATABASE_URL: inject('database').url }
  const options = { cwd: repository, env, timeout: 170_000 }
  return run(process.execPath, ['--import', 'tsx', 'bench/run.ts', ...args], options)
}

interface Row {
  readonly op: string
  readonly variant: string
  readonly latencyMs: number
  readonly p50Ratio: number
  readonly p95Ratio: number
  readonly roundTrips: number
  readonly bareRoundTrips: number
}

test('the client benchmark compares each variant with the bare client, and single writes take its round trips', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'audit-bench-test-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, 'client.json')
  const ops = ['create', 'findUnique']
  const variants = ['bare', 'layer-1', 'fast-path']
  await bench('client', '--quick', `--ops=${ops}`, `--variants=${variants}`, `--json=${file}`)
  const { rows, nameless }: { rows: Row[]; nameless: object[] } = JSON.parse(readFileSync(file, 'utf8'))

  const expected = [0, 1].flatMap((latency) =>
    ops.flatMap((op) => variants.map((variant) => [latency, op, variant])),
  )
  expect(rows.map(({ latencyMs, op, variant }) => [latencyMs, op, variant])).toEqual(expected)
  for (const { p50Ratio, p95Ratio } of rows) {
    expect(p50Ratio).toBeGreaterThan(0)
    expect(p95Ratio).toBeGreaterThan(0)
  }
  const trips = rows.map(({ op, variant, roundTrips, bareRoundTrips }) => [
    `${op} of ${variant}`,
    roundTrips,
    bareRoundTrips,
  ])
  const each = [
    ['create of bare', 1, 1],
    ['create of layer-1', 4, 1],
    ['create of fast-path', 1, 1],
    ['findUnique of bare', 1, 1],
    ['findUnique of layer-1', 1, 1],
    ['findUnique of fast-path', 1, 1],
  ]
  expect(trips).toEqual([...each, ...each])
  expect(nameless).toEqual([])
})

test('a benchmark that does not exist is answered with those that do', async () => {
  await expect(bench('clients')).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/no benchmark "clients"[\s\S]*\n {2}client +what/),
  })
})
