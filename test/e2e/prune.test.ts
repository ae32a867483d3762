import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import type { TestDatabase } from '../support/test-database.ts'
import { installedProject } from './migrate/wrapped-project.ts'

vi.setConfig({ testTimeout: 240_000 })

const MODELS = `/// @audit(enabled)
model User {
  id   Int     @id @default(autoincrement())
  name String?
}

/// @audit(enabled)
model Order {
  id    Int    @id @default(autoincrement())
  total Int?
}
`
const TABLES = `CREATE TABLE "User" ("id" SERIAL NOT NULL, "name" TEXT, CONSTRAINT "User_pkey" PRIMARY KEY ("id"));
CREATE TABLE "Order" ("id" SERIAL NOT NULL, "total" INTEGER, CONSTRAINT "Order_pkey" PRIMARY KEY ("id"));\n`
const why = ['--reason', '13 months are kept']

/** A project with three users whose history is two years old but for its end, pruning set up, and the URL of who may prune. */
async function prepared(users = 3) {
  const { database, project, audit } = await installedProject(MODELS, TABLES)
  await database.query(`BEGIN; SELECT set_config('audit.username', 'ann', true);
    INSERT INTO "User" (name) SELECT 'a' FROM generate_series(1, ${users}); UPDATE "User" SET name = 'b'; DELETE FROM "User" WHERE id = 3;
    INSERT INTO "Order" (total) VALUES (1); UPDATE "Order" SET total = 2; COMMIT`)
  for (const name of ['User', 'Order']) {
    const history = `audit."${name}_audit"`
    await database.query(`ALTER TABLE ${history} DISABLE TRIGGER append_only;
      UPDATE ${history} SET audit_operation_timestamp = audit_operation_timestamp - interval '2 years';
      ALTER TABLE ${history} ENABLE ALWAYS TRIGGER append_only`)
  }
  await database.query(
    `BEGIN; SELECT set_config('audit.username', 'ann', true); UPDATE "User" SET name = 'c' WHERE id = 1; COMMIT`,
  )
  const roles = { pruner: `${database.name}_pruner`, by: `${database.name}_keeper` }
  onTestFinished(async () => {
    for (const role of Object.values(roles)) {
      await database.query(`DROP OWNED BY "${role}" CASCADE; DROP ROLE "${role}"`)
    }
  })
  const printed = await audit(['pruner', '--role', roles.pruner, '--by', roles.by, '--at-least', '1y'])
  expect(printed).toMatchObject({ exitCode: 0, stderr: '' })
  await database.query(printed.stdout)
  await database.query(`ALTER ROLE "${roles.by}" PASSWORD 'x'`)
  const run = ['prune', '--url', urlOf(database, roles.by)]
  const ids = (name: string) =>
    database
      .query<{ id: string }>(`SELECT audit_id::text AS id FROM audit."${name}_audit" ORDER BY audit_id`)
      .then((rows) => rows.map(({ id }) => id).join(' '))
  return { database, project, audit, run, ids, setup: printed.stdout }
}

function urlOf({ url: owner }: TestDatabase, role: string): string {
  const url = new URL(owner)
  url.username = role
  url.password = 'x'
  return url.href
}

test('what is older than 13 months goes, after a dry run and an export; what says how things are stays, and verify agrees', async () => {
  const { database, project, audit, run, ids } = await prepared()
  expect(await audit(['seal', '--wait', '60'])).toMatchObject({ exitCode: 0 })
  const late = await audit([...run, '--older-than', '13mo', ...why])
  expect(late).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('came after the set-up') })
  await database.query(
    (
      await audit([
        'pruner',
        '--role',
        `${database.name}_pruner`,
        '--by',
        `${database.name}_keeper`,
        '--at-least',
        '1y',
      ])
    ).stdout,
  )

  const planned = await audit([...run, '--older-than', '13mo', '--dry-run', '--export', 'old'])
  expect(planned).toMatchObject({
    exitCode: 0,
    stdout: `audit: "audit"."Order_audit": 1 row would go; of the older rows stay 1 that say what there was since
audit: "audit"."User_audit": 5 rows would go; of the older rows stay 2 that say what there was since
`,
    stderr: expect.stringMatching(/what would go is older than \d{4}-\d\d-\d\d /),
  })
  expect(await ids('User')).toBe('1 2 3 4 5 6 7 8')
  expect(existsSync(join(project.dir, 'old'))).toBe(false)

  const done = await audit([...run, '--older-than', '13mo', ...why, '--export', 'old'])
  expect(done).toMatchObject({
    exitCode: 0,
    stdout: expect.stringContaining('"audit"."User_audit": 5 rows pruned'),
  })
  expect(await ids('User')).toBe('4 5 8')
  expect(await ids('Order')).toBe('2')
  const files = readdirSync(join(project.dir, 'old')).sort()
  expect(files).toEqual([
    expect.stringMatching(/^audit\.Order_audit\.\d{4}-.*Z\.jsonl$/),
    expect.stringMatching(/^audit\.User_audit\.\d{4}-.*Z\.jsonl$/),
  ])
  const rows = readFileSync(join(project.dir, 'old', files[1] ?? ''), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(
    rows.map(({ audit_id, id, name, audit_operation: op, audit_username: who }) => [
      audit_id,
      op,
      id,
      name,
      who,
    ]),
  ).toEqual([
    [1, 'I', 1, 'a', 'ann'],
    [2, 'I', 2, 'a', 'ann'],
    [3, 'I', 3, 'a', 'ann'],
    [6, 'U', 3, 'b', 'ann'],
    [7, 'D', 3, 'b', 'ann'],
  ])
  for (const command of [
    ['verify'],
    ['verify', '--live'],
    ['status'],
    ['seal', '--wait', '60'],
    ['verify'],
  ]) {
    expect({ command, ...(await audit(command)) }).toMatchObject({ command, exitCode: 0 })
  }
  expect(JSON.parse((await audit(['verify', '--json'])).stdout).histories).toEqual(
    expect.arrayContaining([expect.objectContaining({ history: '"audit"."User_audit"', prunedRows: 5 })]),
  )
  expect(await database.query('SELECT reason, rows FROM audit.pruning ORDER BY audit_id')).toEqual([
    { reason: '13 months are kept', rows: 1 },
    { reason: '13 months are kept', rows: 5 },
  ])
  await database.query('ALTER FUNCTION audit.prune SECURITY INVOKER')
  expect(await audit(['status'])).toMatchObject({
    exitCode: 1,
    stdout: expect.stringContaining('is not as the set-up of pruning makes it'),
  })
})

test('a legal hold wins over a pruning, and one model can be pruned alone', async () => {
  const { audit, run, ids } = await prepared()
  expect(await audit(['hold', '--model', 'User', '--id', '3', '--reason', 'case 12'])).toMatchObject({
    exitCode: 0,
  })
  expect(await audit([...run, '--older-than', '13mo', ...why, '--model', 'User'])).toMatchObject({
    exitCode: 0,
    stdout: expect.stringContaining(
      '2 rows pruned; of the older rows stay 2 that say what there was since, and 3 on legal hold',
    ),
  })
  expect([await ids('User'), await ids('Order')]).toEqual(['3 4 5 6 7 8', '1 2'])
})

test('ended by Ctrl-C it has pruned whole transactions, and the next run goes on; each row that went is in a file', async () => {
  const { project, audit, run, ids } = await prepared(400)
  const slow = [
    ...run,
    '--older-than',
    '13mo',
    ...why,
    '--model',
    'User',
    '--export',
    'old',
    '--batch-size',
    '20',
    '--pause',
    '200',
  ]
  const ended = await audit(slow, { signal: { when: 'what goes is older', name: 'SIGINT' } })
  expect(ended).toMatchObject({
    exitCode: 130,
    stdout: expect.stringContaining('It was ended before all was looked at'),
  })
  const left = (await ids('User')).split(' ').length
  expect(left).toBeGreaterThan(401)
  expect(await audit(['verify', '--live'])).toMatchObject({ exitCode: 0 })
  expect(await audit([...run, '--older-than', '13mo', ...why, '--export', 'old'])).toMatchObject({
    exitCode: 0,
  })
  expect((await ids('User')).split(' ')).toHaveLength(400)
  const lines = readdirSync(join(project.dir, 'old'))
    .filter((name) => name.includes('User'))
    .flatMap((name) =>
      readFileSync(join(project.dir, 'old', name), 'utf8')
        .trimEnd()
        .split('\n'),
    )
  expect(new Set(lines.map((line) => JSON.parse(line).audit_id)).size).toBe(802 - 400)
})

test('what is asked for wrongly, without rights or without a database is said, with the right exit code, and nothing is pruned', async () => {
  const { database, audit, run, ids } = await prepared()
  const said = async (args: readonly string[], exitCode: number, text: string) => {
    const result = await audit([...args])
    expect(result).toMatchObject({ exitCode, stderr: expect.stringContaining(text) })
  }
  expect((await audit(['prune', '--help'])).stdout).toContain('--older-than <age>')
  await said(['prune'], 2, '--older-than')
  await said([...run, '--older-than', '13mo', '--oldr'], 2, '--oldr')
  await said([...run, '--older-than', '13 months', ...why], 2, '--older-than takes an age like 13mo')
  await said([...run, '--older-than', '13mo'], 2, 'A pruning needs a reason')
  await said(
    [...run, '--older-than', '13mo', ...why, '--model', 'Nobody'],
    2,
    'No audited model or table is called "Nobody"',
  )
  await said(
    [...run, '--older-than', '13mo', ...why, '--batch-size', 'x'],
    2,
    '--batch-size takes a whole number',
  )
  await said([...run, '--older-than', '1mo', ...why], 1, 'history younger than 1 year')
  await said(
    ['prune', '--older-than', '13mo', ...why, '--url', 'postgresql://localhost:1/x'],
    2,
    'cannot be reached',
  )
  await said([...run, '--older-than', '13mo', ...why, '--export', 'prisma/schema.prisma/x'], 1, 'ENOTDIR')
  await said(['pruner', '--role', 'x', '--by', 'x', '--at-least', '1y'], 1, 'are both "x"')
  await said(['pruner', '--role', 'x', '--by', 'y', '--at-least', 'soon'], 1, '--at-least takes an age')
  const owner = new URL(database.url)
  await database.query(
    `CREATE ROLE "${database.name}_none" LOGIN PASSWORD 'x'; GRANT USAGE ON SCHEMA audit TO "${database.name}_none"`,
  )
  onTestFinished(async () => {
    await database.query(`DROP OWNED BY "${database.name}_none"; DROP ROLE "${database.name}_none"`)
  })
  await said(
    ['prune', '--url', urlOf(database, `${database.name}_none`), '--older-than', '13mo', ...why],
    1,
    'Connect as the role that the set-up lets prune',
  )
  expect(owner.pathname).toContain(database.name)
  expect([await ids('User'), await ids('Order')]).toEqual(['1 2 3 4 5 6 7 8', '1 2'])
  await database.query('DROP FUNCTION audit.prune')
  await said([...run, '--older-than', '13mo', ...why], 2, 'Pruning is not set up in this database')
})
