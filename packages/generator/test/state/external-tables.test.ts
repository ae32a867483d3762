import { expect, test } from 'vitest'
import { externalTables, renderExternalTables } from '../../src/external-tables.ts'
import type { MigrationStep } from '../../src/state/migration-step.ts'
import { names, state, table } from '../sql/fixture.ts'

function created(name: string): readonly MigrationStep[] {
  return state(table(name)).tables.map(({ shared: _, ...each }) => ({
    kind: 'createAuditTable' as const,
    source: each.source,
    table: { ...each, schema: 'public', shared: true as const },
  }))
}

const order = created('Order')
const item = created('Item')
const source = { schema: 'public', name: 'Order' }

test('tables are listed in full, sorted, once, however often a part names them', () => {
  expect(externalTables([...order, ...item, ...order], [])).toEqual([
    'public.Item_audit',
    'public.Order_audit',
  ])
})

test('a retired table stays listed, and so does a former name: a database that is behind still has it', () => {
  const steps: readonly MigrationStep[] = [
    ...order,
    { kind: 'renameObjects', source, schema: 'public', shared: true, names: names('Purchase') },
    { kind: 'retireTable', source },
  ]
  expect(externalTables(steps, [])).toEqual(['public.Order_audit', 'public.Purchase_audit'])
})

test('a schema that Prisma does not manage needs no list', () => {
  expect(externalTables(order, ['app'])).toEqual([])
  expect(externalTables(order, ['app', 'public'])).toEqual(['public.Order_audit'])
})

test('a name is text in the module, whatever it holds', () => {
  expect(renderExternalTables([`public.it's "odd"\\`])).toContain(`  "public.it's \\"odd\\"\\\\",\n`)
})
