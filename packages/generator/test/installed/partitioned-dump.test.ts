import { expect, onTestFinished, test, vi } from 'vitest'
import { installedProject, runWrapper } from '../../../../test/e2e/migrate/wrapped-project.ts'
import { createDatabase, type TestDatabase } from '../../../../test/support/test-database.ts'
import { dump, restore } from './program.ts'

vi.setConfig({ testTimeout: 240_000 })

const MODELS = `/// @audit(enabled, partitionBy: quarter)
model Order {
  id    Int @id @default(autoincrement())
  total Int
}
`
const TABLES = `CREATE TABLE "Order" ("id" SERIAL NOT NULL, "total" INTEGER NOT NULL, CONSTRAINT "Order_pkey" PRIMARY KEY ("id"));\n`
const HISTORY = 'audit."Order_audit"'

const write = (database: TestDatabase, total: number) =>
  database.query(
    `BEGIN; SELECT set_config('audit.username', 'ann', true); INSERT INTO "Order" (total) VALUES (${total}); COMMIT`,
  )

test.each([[[]], [['--no-acl', '--no-owner']]] as const)(
  'a partitioned history is restored by pg_restore with %j: guards, seals and partitions, and it goes on',
  async (flags) => {
    const { database, project, audit } = await installedProject(MODELS, TABLES)
    await write(database, 1)
    expect(await audit(['seal', '--wait', '60'])).toMatchObject({ exitCode: 0 })
    const copy = await createDatabase()
    onTestFinished(() => copy.drop())
    restore(copy.url, dump(database.url), '--exit-on-error', ...flags)
    const all = `SELECT * FROM ${HISTORY} ORDER BY audit_id`
    expect(await copy.query(all)).toEqual(await database.query(all))
    const on = (...args: readonly string[]) => runWrapper(project.dir, copy.url, args)
    if (flags.length === 0) {
      expect(await on('after-restore', '--dry-run')).toEqual({ exitCode: 0, stdout: '', stderr: '' })
    }
    expect(await on('after-restore')).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('no write is missed'),
    })
    const status = await on('status')
    expect([status.exitCode, status.stdout]).toEqual([0, expect.stringMatching(/ partitions, until \d{4}-/)])
    await write(copy, 2)
    for (const command of [['seal', '--wait', '60'], ['verify'], ['verify', '--live'], ['partition']])
      expect({ command, ...(await on(...command)) }).toMatchObject({ command, exitCode: 0 })
    const rows = await copy.query<{ id: number }>(`SELECT audit_id::int AS id FROM ${HISTORY} ORDER BY 1`)
    expect(rows).toEqual([{ id: 1 }, { id: 2 }])
    for (const { name } of await copy.query<{ name: string }>(
      `SELECT relid::regclass::text AS name FROM pg_partition_tree('${HISTORY}')`,
    )) {
      await expect(copy.query(`TRUNCATE ${name}`)).rejects.toMatchObject({ code: 'AU002' })
    }
  },
)
