import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createPrismaProject } from '../support/prisma-project.ts'

const repository = fileURLToPath(new URL('../..', import.meta.url))
const temporary = mkdtempSync(join(tmpdir(), 'prisma-audit-demo-test-'))
let output = ''
let exitCode: unknown
let pid: number | undefined
let statusBefore = ''

const outputOf = (command: string, args: readonly string[]) =>
  text(spawn(command, args, { cwd: repository }).stdout)
/** Without the folders in which other tests work at the same time. */
const workTree = () => outputOf('git', ['status', '--porcelain', '--ignored', '--', '.', ':!examples'])

beforeAll(async () => {
  statusBefore = await workTree()
  const { TEST_DATABASE_URL: _, ...env } = process.env
  const child = spawn(process.execPath, ['prisma/demo/start.js'], {
    cwd: repository,
    env: { ...env, TMPDIR: temporary, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  pid = child.pid
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ])
  output = stdout + stderr
  exitCode = code
})

afterAll(() => rmSync(temporary, { recursive: true, force: true }))

/** The cells of the printed rows that hold all of these. */
const rowsWith = (...cells: string[]) =>
  output.split('\n').filter((line) => cells.every((cell) => line.includes(cell)))

test('the demo ends well and explains itself', () => {
  expect({ exitCode, output }).toMatchObject({ exitCode: 0 })
  expect(output).toMatch(/1\. PostgreSQL \d+\.\d+/)
  expect(output).toMatch(/2\. prisma generate wrote .* prisma\/migrations\/\d{14}_audit_\w+\./)
})

test('its table says who wrote what and why, in every form of call', () => {
  expect(rowsWith('ann', 'opens the shop', ' Category ', ' I ')).toHaveLength(1)
  expect(rowsWith('ann', 'opens the shop', '_CategoryToProduct', ' I ')).toHaveLength(2)
  expect(rowsWith('bob', 'order_lines', ' I ')).toHaveLength(2)
  expect(rowsWith('bob', 'Product Catalogue', ' U ', 'draft → on-sale')).toHaveLength(2)
  expect(rowsWith('ann', 'Payment', ' I ')).toHaveLength(1)
  expect(rowsWith('job:prices', 'run 1', 'price 4.5')).toHaveLength(2)
  expect(rowsWith('job:prices', 'run 2', ' U ')).toHaveLength(2)
  expect(rowsWith('script:merge', 'ticket 42', 'customers', ' D ')).toHaveLength(1)
  expect(rowsWith('script:merge', 'customer_addresses', ' U ')).toHaveLength(1)
})

test('what was rolled back or refused is not in it, nor is what must not be recorded', () => {
  expect(output).toContain('AuditContextError AU001')
  expect(output).not.toMatch(/price [\d.]+ → 0\b/)
  expect(output).not.toContain('NL02ABNA')
})

test('it leaves no file and no process behind', async () => {
  expect(readdirSync(temporary)).toEqual([])
  expect(await workTree()).toBe(statusBefore)
  const ofServer = (line: string) => line.includes('prisma-audit-postgres-') && line.includes(`-${pid}-`)
  expect(readdirSync('/tmp').filter(ofServer)).toEqual([])
  expect((await outputOf('ps', ['-eo', 'args'])).split('\n').filter(ofServer)).toEqual([])
})

test("the demo's program type-checks against the modules generated from the schema", async () => {
  const read = (path: string) => readFileSync(join(repository, path), 'utf8')
  const compilerOptions = { ...JSON.parse(read('tsconfig.base.json')).compilerOptions, noEmit: true }
  const project = await createPrismaProject({
    schema: read('prisma/schema.prisma'),
    databaseUrl: 'postgresql://localhost/none',
    files: {
      'prisma/demo/program.ts': read('prisma/demo/program.ts'),
      'tsconfig.json': JSON.stringify({ compilerOptions, files: ['prisma/demo/program.ts'] }),
    },
  })
  try {
    await project.prisma(['generate'])
    const compiler = join(repository, 'node_modules/.bin/tsc')
    const child = spawn(compiler, ['-p', project.dir, '--pretty', 'false'], { cwd: project.dir })
    expect(await text(child.stdout)).toBe('')
  } finally {
    project.cleanup()
  }
})
