import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { aged, datedBack, filled, monthsAgo } from '../../packages/generator/test/sql/old-partitions.ts'
import { installedProject } from './migrate/wrapped-project.ts'

vi.setConfig({ testTimeout: 240_000 })

const MODELS = `/// @audit(enabled, partitionBy: month)
model Order {
  id   Int     @id @default(autoincrement())
  note String?
}
`
const TABLES = `CREATE TABLE "Order" ("id" SERIAL NOT NULL, "note" TEXT, CONSTRAINT "Order_pkey" PRIMARY KEY ("id"));\n`
const by = (statements: string) =>
  `BEGIN; SELECT set_config('audit.username', 'ann', true); ${statements}; COMMIT`

test('prune takes old rows out of partitions, drops those that are empty, and all commands agree afterwards', async () => {
  const { database, project, audit } = await installedProject(MODELS, TABLES)
  await datedBack(database, 17)
  await database.query(by(`INSERT INTO "Order" (note) SELECT repeat('a', 500) FROM generate_series(1, 400)`))
  await database.query(aged('16 months'))
  await database.query(
    by(`UPDATE "Order" SET note = repeat('b', 500) WHERE id <= 200; DELETE FROM "Order" WHERE id > 200`),
  )
  await database.query(aged('14 months'))
  await database.query(by(`UPDATE "Order" SET note = 'c' WHERE id = 1`))
  expect(await audit(['hold', '--model', 'Order', '--id', '300', '--reason', 'case 12'])).toMatchObject({
    exitCode: 0,
  })
  expect(await audit(['seal', '--wait', '60'])).toMatchObject({ exitCode: 0 })
  const roles = { pruner: `${database.name}_pruner`, keeper: `${database.name}_keeper` }
  onTestFinished(async () => {
    for (const role of Object.values(roles))
      await database.query(`DROP OWNED BY "${role}" CASCADE; DROP ROLE "${role}"`)
  })
  await database.query(
    (await audit(['pruner', '--role', roles.pruner, '--by', roles.keeper, '--at-least', '1y'])).stdout,
  )
  await database.query(`ALTER ROLE "${roles.keeper}" PASSWORD 'x'`)
  const url = new URL(database.url)
  url.username = roles.keeper
  url.password = 'x'
  const run = (...args: readonly string[]) =>
    audit(['prune', '--url', url.href, '--older-than', '13mo', ...args])

  expect((await run('--dry-run')).stdout).toMatch(
    /598 rows would go; of the older rows stay 200 that say .*, and 2 on legal hold\naudit: {3}\d+ partitions are wholly older, and would be dropped where nothing is left/,
  )
  const done = await run('--reason', '13 months are kept', '--export', 'old')
  expect(done).toMatchObject({ exitCode: 0 })
  expect(done.stdout).toContain('598 rows pruned')
  expect(done.stdout).toMatch(
    new RegExp(
      `partition audit\\."Order_audit_${monthsAgo(16)}" is written anew with what is left: \\d+ kB before, \\d+ kB now`,
    ),
  )
  expect(done.stdout).toMatch(
    new RegExp(`partition audit\\."Order_audit_${monthsAgo(15)}" is dropped: it had no row left`),
  )
  expect(await filled(database)).toEqual([`${monthsAgo(16)} 1`, `${monthsAgo(14)} 201`, `${monthsAgo(0)} 1`])
  const [file = ''] = readdirSync(join(project.dir, 'old'))
  expect(
    readFileSync(join(project.dir, 'old', file), 'utf8')
      .trimEnd()
      .split('\n'),
  ).toHaveLength(598)
  for (const command of [['verify'], ['verify', '--live'], ['status']])
    expect({ command, ...(await audit(command)) }).toMatchObject({ command, exitCode: 0 })
  const again = await run('--reason', 'x')
  expect(again).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('0 rows pruned') })
  expect(again.stdout).not.toContain('partition audit')
  await database.query(`ALTER FUNCTION audit.compact_partition SET search_path = public`)
  expect(await audit(['status'])).toMatchObject({
    exitCode: 1,
    stdout: expect.stringContaining(
      'function "audit"."compact_partition" is not as the set-up of pruning makes it',
    ),
  })
  await database.query(`DROP FUNCTION audit.compact_partition`)
  expect(await run('--reason', 'x')).toMatchObject({
    exitCode: 0,
    stderr: expect.stringContaining('the space of its old partitions is not given back'),
  })
})
