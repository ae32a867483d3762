import { expect, it } from 'vitest'
import { migrationSlug } from '../../src/sql/migration-slug.ts'
import { diffState } from '../../src/state/diff-state.ts'
import { planMigration } from '../../src/state/migration-plan.ts'
import type { MigrationStep } from '../../src/state/migration-step.ts'
import { column, setting, state } from '../sql/fixture.ts'
import { order, RENAMES } from '../sql/rename-cases.ts'

const source = order.source
const purchase = { schema: 'public', name: 'Purchase' }

it.each([
  ['rename-column', 'order_rename_column_note_to_remark'],
  ['rename-setting-column', 'order_rename_columns'],
  ['rename-table', 'purchase_rename_from_order'],
  ['move-table', 'order_move_from_public'],
  ['continue-table', 'purchase_rename_from_order'],
  ['rename-objects', 'order_rename_objects'],
  ['move-schema', 'move_to_trail'],
  ['swap-tables', '2_tables'],
  ['rename-several', 'purchase_change'],
])('the directory of %s says %s', (name, slug) => {
  const { from = state(), steps = [] } = RENAMES.find((each) => each.name === name) ?? {}
  expect(migrationSlug(planMigration(from, steps))).toBe(slug)
})

it('a setting that becomes required is announced for a table that is renamed too', () => {
  const rename: MigrationStep = { kind: 'renameTable', source, to: purchase }
  const wanted = { ...order, source: purchase, settings: [...order.settings, setting('reason String')] }
  const from = state({ ...order, source: purchase })
  const plan = planMigration(state(order), [rename, ...diffState(from, state(wanted))])
  expect(plan.hazards.map(({ code, message }) => [code, message])).toEqual([
    ['refuses-writes', 'writes to "public"."Purchase" without audit.reason will be refused'],
  ])
})

it('a new key comes with the whole statement that builds its index', () => {
  const to = state({ ...order, columns: [...order.columns, column('a"b', 'integer')], key: ['id', 'a"b'] })
  const hints = planMigration(state(order), diffState(state(order), to)).hazards.map(({ hint }) => hint)
  expect(new Set(hints)).toContain(
    'Build one by hand, outside a migration: CREATE INDEX CONCURRENTLY ON "audit"."Order_audit" ("id", "a""b", "audit_id");',
  )
})

it('a schema that moves says what names the old one', () => {
  const { from = state(), steps = [] } = RENAMES.find(({ name }) => name === 'move-schema') ?? {}
  const [hazard] = planMigration(from, steps).hazards
  expect(hazard).toMatchObject({ code: 'schema-moves', severity: 'warning' })
  expect(hazard?.message).toContain('from schema "audit" to "trail"')
})
