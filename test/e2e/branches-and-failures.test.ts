import { spawnSync } from 'node:child_process'
import { describe, expect, test, vi } from 'vitest'
import type { PrismaProject } from '../support/prisma-project.ts'
import { type AuditedProject, generateMigration, useProject } from './main-path/audited-project.ts'

// Each test runs the command line several times.
vi.setConfig({ testTimeout: 300_000 })

const schema = ({ early = '', late = '', options = '', models = '' } = {}) => `generator audit {
  provider        = "prisma-generator-audit"
  output          = "../generated/audit"
  sessionSettings = ["username String"]
  ${options}
}

datasource db {
  provider = "postgresql"
}

/// @audit(enabled)
model Order {
  ${early}
  id   Int    @id @default(autoincrement())
  name String
  mood String?
  ${late}
}
${models}`
const createTable = (name: string) =>
  `CREATE TABLE "${name}" ("id" SERIAL NOT NULL, "name" TEXT NOT NULL, "mood" TEXT, CONSTRAINT "${name}_pkey" PRIMARY KEY ("id"));\n`

async function write({ database }: AuditedProject, table: string, values: Record<string, string>) {
  const columns = Object.keys(values).join(', ')
  const list = Object.values(values)
    .map((value) => `'${value}'`)
    .join(', ')
  await database.query(
    `BEGIN; SET LOCAL audit.username = 'ann'; INSERT INTO "${table}" (${columns}) VALUES (${list}); COMMIT`,
  )
}

function git({ dir }: PrismaProject, ...args: readonly string[]) {
  const identity = ['-c', 'user.name=Ann', '-c', 'user.email=ann@example.com']
  const { status, stderr, stdout } = spawnSync('git', [...identity, ...args], { cwd: dir, encoding: 'utf8' })
  if (status !== 0) throw new Error(`git ${args.join(' ')}: ${stdout}${stderr}`)
}

function commit(project: PrismaProject, message: string) {
  git(project, 'add', '--all')
  git(project, 'commit', '--quiet', '--message', message)
}

describe('two branches that changed one table, merged by git', () => {
  test.each([
    ['the first branch has the earlier time stamps', '20260201', '20260301'],
    ['the second branch has the earlier time stamps', '20260401', '20260301'],
  ])('%s: one more audit migration records the columns of both', async (_, colourDay, sizeDay) => {
    const audited = await useProject({
      schema: schema(),
      migrations: { '20240101000000_order': createTable('Order') },
    })
    const { project } = audited
    /** Adds a column as Prisma would, and lets the generator follow on the same day. */
    const addColumn = async (column: string, day: string, text: string) => {
      await project.write('prisma/schema.prisma', text)
      await project.write(
        `prisma/migrations/${day}000000_${column}/migration.sql`,
        `ALTER TABLE "Order" ADD COLUMN "${column}" TEXT;\n`,
      )
      await generate(`${day.slice(0, 4)}-${day.slice(4, 6)}-${day.slice(6)}T01:00:00Z`)
    }
    const generate = async (time: string) => {
      const seconds = String(Date.parse(time) / 1000)
      await project.prisma(['generate'], { env: { SOURCE_DATE_EPOCH: seconds } })
    }
    await generate('2026-01-01T00:00:00Z')
    commit(project, 'audit')
    git(project, 'branch', '--move', 'main')
    git(project, 'checkout', '--quiet', '-b', 'colour')
    await addColumn('colour', colourDay, schema({ early: 'colour String?' }))
    commit(project, 'colour')
    git(project, 'checkout', '--quiet', 'main')
    git(project, 'checkout', '--quiet', '-b', 'size')
    await addColumn('size', sizeDay, schema({ late: 'size String?' }))
    commit(project, 'size')
    // This database has seen the branch "size" before the merge.
    await project.prisma(['migrate', 'deploy'])
    await write(audited, 'Order', { name: 'before', size: 'L' })
    git(project, 'merge', '--quiet', '--no-edit', 'colour')

    const merge = await generateMigration(project)
    expect(merge.name).toMatch(/_audit_order_/)
    await project.prisma(['migrate', 'deploy'])
    await write(audited, 'Order', { name: 'after', size: 'S', colour: 'red' })
    const rows = `SELECT name, size, colour FROM audit."Order_audit" ORDER BY audit_id`
    expect(await audited.database.query(rows)).toEqual([
      { name: 'before', size: 'L', colour: null },
      { name: 'after', size: 'S', colour: 'red' },
    ])
    const folder = await project.migrationFiles()
    const { stdout } = await project.prisma(['generate'])
    expect(stdout).not.toContain('AUD602')
    expect(await project.migrationFiles()).toEqual(folder)
  })
})

test('an audit migration that failed half-way is resolved and deployed again: what was recorded meanwhile is kept', async () => {
  const items =
    '\n/// @audit(enabled)\nmodel Product {\n  id Int @id @default(autoincrement())\n  name String\n  mood String?\n}\n'
  const audited = await useProject({
    schema: schema({ options: 'lockTimeout = "300ms"', models: items }),
    migrations: { '20240101000000_tables': createTable('Order') + createTable('Product') },
  })
  const { project, database } = audited
  await project.prisma(['migrate', 'deploy'])
  const { name } = await generateMigration(project)

  const holder = await database.pool({ max: 1 }).connect()
  await holder.query('BEGIN; LOCK TABLE "Product" IN SHARE MODE')
  const { stderr } = await project.prisma(['migrate', 'deploy'], { expectFailure: true })
  expect(stderr).toContain('P3018')
  expect(stderr).toContain('55P03')
  // The first table's transaction was committed.
  await write(audited, 'Order', { name: 'recorded' })
  await holder.query('COMMIT')
  holder.release()
  await write(audited, 'Product', { name: 'not recorded yet' })
  const blocked = await project.prisma(['migrate', 'deploy'], { expectFailure: true })
  expect(blocked.stderr).toContain('P3009')

  await project.prisma(['migrate', 'resolve', '--rolled-back', name])
  await project.prisma(['migrate', 'deploy'])
  await write(audited, 'Order', { name: 'again' })
  await write(audited, 'Product', { name: 'thing' })
  const history = (table: string) =>
    database.query(`SELECT name FROM audit."${table}_audit" ORDER BY audit_id`)
  expect(await history('Order')).toEqual([{ name: 'recorded' }, { name: 'again' }])
  expect(await history('Product')).toEqual([{ name: 'thing' }])
  expect((await project.prisma(['migrate', 'status'])).stdout).toContain('Database schema is up to date!')
})
