import { expect, test } from 'vitest'
import { foldMigrations } from '../../src/migration/fold-migrations.ts'
import { refusedDataChanges } from '../../src/migration/refused-data-changes.ts'
import type { MissingSettings, SessionSetting } from '../../src/model/audit-model.ts'
import type { AuditTableObject } from '../../src/state/database-state.ts'
import { EMPTY_STATE } from '../../src/state/database-state.ts'
import { renderPart } from '../../src/state/part-header.ts'
import { stateHash } from '../../src/state/state-hash.ts'

const username: SessionSetting = {
  name: 'username',
  column: 'audit_username',
  settingType: 'String',
  type: { name: 'text', args: [], list: false },
  required: true,
}

function auditPart(settings: readonly SessionSetting[], missingSettings: MissingSettings = 'refuse'): string {
  const table: AuditTableObject = {
    kind: 'auditTable',
    schema: 'audit',
    source: { schema: 'public', name: 'Order' },
    names: {
      table: 'Order_audit',
      captureFunction: 'c',
      keyFunction: 'k',
      truncateFunction: 't',
      insertTrigger: 'i',
      updateTrigger: 'u',
      deleteTrigger: 'd',
      keyTrigger: 'kt',
      truncateTrigger: 'tt',
    },
    columns: [],
    settings: settings.map((setting) => ({ ...setting, retired: false })),
    key: [],
    missingSettings,
    truncate: 'record',
    level: 'statement',
    updates: 'all',
    capturing: true,
  }
  return renderPart(stateHash(EMPTY_STATE), [{ kind: 'createAuditTable', source: table.source, table }])
}

const TABLE = 'CREATE TABLE "Order" (id int PRIMARY KEY);\n'

async function refused(...texts: readonly string[]) {
  const files = texts.map((text, at) => ({ name: `${at}_it's`, path: `${at}/migration.sql`, text }))
  const found = refusedDataChanges(files, await foldMigrations(files))
  return found.map(({ change, missingSettings, statement }) => ({
    at: `${change.place.file}:${change.place.line}`,
    missingSettings,
    statement,
  }))
}

test('a change after the audit part is refused, with the statement to put first; one before it is not', async () => {
  expect(
    await refused(
      TABLE,
      'DELETE FROM "Order";',
      `UPDATE "Order" SET id = 1;\n${auditPart([username])}`,
      '\nDELETE FROM "Order";',
    ),
  ).toEqual([
    {
      at: '3/migration.sql:2',
      missingSettings: ['username'],
      statement: `SELECT set_config('audit.username', 'migration:3_it''s', true);`,
    },
  ])
})

test('the statement that is given makes the change legal', async () => {
  const [found] = await refused(TABLE, auditPart([username]), 'DELETE FROM "Order";')
  expect(found).toBeDefined()
  expect(await refused(TABLE, auditPart([username]), `${found?.statement}\nDELETE FROM "Order";`)).toEqual([])
})

test('nothing is refused where settings are optional, have a default, or absence is recorded', async () => {
  const change = 'DELETE FROM "Order";'
  expect(await refused(TABLE, auditPart([{ ...username, required: false }]), change)).toEqual([])
  expect(await refused(TABLE, auditPart([{ ...username, default: 'system' }]), change)).toEqual([])
  expect(await refused(TABLE, auditPart([username], 'record'), change)).toEqual([])
})

test('a setting that is no text gets a value of its type', async () => {
  const uuid: SessionSetting = {
    ...username,
    name: 'app',
    settingType: 'Uuid',
    type: { name: 'uuid', args: [], list: false },
  }
  const [found] = await refused(TABLE, auditPart([uuid]), 'DELETE FROM "Order";')
  expect(found?.statement).toBe(
    `SELECT set_config('audit.app', '00000000-0000-0000-0000-000000000000', true);`,
  )
})
