import { expect, test, vi } from 'vitest'
import { install, useProject } from '../../../../test/e2e/main-path/audited-project.ts'
import { asking } from '../../../../test/e2e/main-path/installation-problems.ts'
import { SCHEMA_HEAD } from '../../../../test/e2e/main-path/schema-head.ts'
import { dump, restore } from './program.ts'

vi.setConfig({ testTimeout: 240_000 })

const schema = `${SCHEMA_HEAD}/// @audit(enabled)
model Order {
  id Int @id @default(autoincrement())
}
`

test('assertAuditInstalled passes after a restore of all, and names what a restore of the tables alone lacks', async () => {
  const audited = await useProject({ schema })
  const { database } = audited
  await install(audited)
  const problems = await asking(audited)
  const backup = dump(database.url)
  const restored = async (...args: readonly string[]) => {
    await database.query('DROP SCHEMA audit CASCADE; DROP SCHEMA public CASCADE; CREATE SCHEMA public')
    restore(database.url, backup, ...args)
    return problems()
  }
  expect(await restored()).toEqual([])
  await database.query(`INSERT INTO "Order" DEFAULT VALUES`)
  expect(await database.query('SELECT id FROM audit."Order_audit"')).toEqual([{ id: 1 }])

  expect(await restored('--schema=public')).toEqual([
    'NOT_INSTALLED',
    'The audit of Order is not as it should be in this database:',
    '  trigger append_only on audit."Order_audit" is not there',
    ...['delete', 'insert', 'key', 'truncate', 'update'].map(
      (event) => `  trigger audit_${event} on public."Order" is not there`,
    ),
  ])
})
