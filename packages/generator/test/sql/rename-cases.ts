import type { AuditedTable } from '../../src/model/audit-model.ts'
import { applySteps } from '../../src/state/apply-steps.ts'
import type { AuditTableObject, DatabaseState } from '../../src/state/database-state.ts'
import { diffState } from '../../src/state/diff-state.ts'
import type { MigrationStep } from '../../src/state/migration-step.ts'
import { column, names, setting, state, table, type } from './fixture.ts'

/** A rename, with what Prisma's part of the migration does, and how the same is undone. */
export interface RenameCase {
  readonly name: string
  readonly from: DatabaseState
  readonly steps: readonly MigrationStep[]
  /** Creates the source tables. */
  readonly sources: string
  readonly prisma?: string
  readonly undo?: string
  /** One write to each audited table, before and after; `$n` is a number that was not used yet. */
  readonly writes: readonly [before: readonly string[], after: readonly string[]]
  /** The tables of before cannot be told from those of after by their names alone. */
  readonly exchanges?: true
}

export const order = table('Order', {
  columns: [column('id', 'integer'), column('note', type('varchar', [20])), column('price', 'integer')],
  settings: [setting('username String'), setting('app_uuid Uuid?')],
})
const item = { ...table('Item', { columns: order.columns }), settings: order.settings }
const source = (name: string) =>
  `CREATE TABLE ${name} (id int PRIMARY KEY, note varchar(20) DEFAULT 'n', price int DEFAULT 7);`

const main = order.source
const item_ = item.source
const at = (name: string, schema = 'public') => ({ schema, name })
const renameColumn = (from: string, to: string, where = main): MigrationStep => ({
  kind: 'renameColumn',
  source: where,
  column: from,
  to,
})
const renameTable = (to: string, schema = 'public', where = main): MigrationStep => ({
  kind: 'renameTable',
  source: where,
  to: at(to, schema),
})
const renameObjects = (table: string, where = main, schema = 'audit'): MigrationStep => ({
  kind: 'renameObjects',
  source: where,
  schema,
  names: names(table),
})

/** The renames first, then what else is different. */
function then(from: DatabaseState, renames: readonly MigrationStep[], to: DatabaseState): MigrationStep[] {
  return [...renames, ...diffState(applySteps(from, renames), to)]
}

const insert = (name: string, columns = 'id') => `INSERT INTO ${name} (${columns}) VALUES ($n)`
const swapped: Partial<AuditedTable> = { columns: order.columns }

const everyName = {
  table: 'history_Order',
  captureFunction: 'capture Order',
  keyFunction: 'key Order',
  truncateFunction: 'truncate Order',
  insertTrigger: 'a_i',
  updateTrigger: 'a_u',
  deleteTrigger: 'a_d',
  keyTrigger: 'a_k',
  truncateTrigger: 'a_t',
}

const ODD = `ein "Käse"; -- ${'ü'.repeat(20)}!`
const LONG = 'l'.repeat(63)
const odd = table(ODD, {
  columns: [column('id', 'integer'), column(LONG, 'text'), column(`a"b`, 'text'), column('$audit$', 'text')],
  settings: [setting('username String')],
  names: { ...names('odd'), table: LONG, captureFunction: `f"'\\` },
})
const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`

const retired: AuditTableObject = {
  ...(state(item).tables[0] as AuditTableObject),
  capturing: false,
}
const withRetired: DatabaseState = { ...state(order), tables: [retired, ...state(order).tables] }

const several = state({
  ...order,
  model: 'Purchase',
  source: at('Purchase', 'shop'),
  names: { ...names('Purchase'), insertTrigger: 'purchase_insert' },
  columns: [
    column('number', 'integer'),
    column('remark', 'text'),
    column('price', 'text'),
    column('total', 'integer'),
  ],
  key: ['number', 'total'],
  settings: [
    { ...setting('username String'), column: 'by_username' },
    { ...setting('reason String'), column: 'by_reason' },
  ],
  truncate: 'refuse',
})

export const RENAMES: readonly RenameCase[] = [
  {
    name: 'rename-column',
    from: state(order),
    steps: [renameColumn('note', 'remark')],
    sources: source('"Order"'),
    prisma: 'ALTER TABLE "Order" RENAME COLUMN note TO remark',
    undo: 'ALTER TABLE "Order" RENAME COLUMN remark TO note',
    writes: [[insert('"Order"')], [insert('"Order"')]],
  },
  {
    name: 'rename-column-swap',
    from: state({ ...order, columns: [column('id', 'integer'), column('a', 'text'), column('b', 'text')] }),
    steps: [renameColumn('a', 'a__2'), renameColumn('b', 'a'), renameColumn('a__2', 'b')],
    sources: `CREATE TABLE "Order" (id int PRIMARY KEY, a text DEFAULT 'a', b text DEFAULT 'b');`,
    prisma:
      'ALTER TABLE "Order" RENAME a TO t; ALTER TABLE "Order" RENAME b TO a; ALTER TABLE "Order" RENAME t TO b',
    undo: 'ALTER TABLE "Order" RENAME a TO t; ALTER TABLE "Order" RENAME b TO a; ALTER TABLE "Order" RENAME t TO b',
    writes: [[insert('"Order"')], [insert('"Order"')]],
  },
  {
    name: 'rename-into-dropped',
    ...(() => {
      const from = state({
        ...order,
        columns: [column('id', 'integer'), column('a', 'text'), column('b', 'text')],
      })
      const renames: MigrationStep[] = [
        { kind: 'retireColumn', source: main, column: 'a' },
        { kind: 'setAsideColumn', source: main, column: 'a', as: 'a__2' },
        renameColumn('b', 'a'),
      ]
      return { from, steps: then(from, renames, from) }
    })(),
    sources: `CREATE TABLE "Order" (id int PRIMARY KEY, a text DEFAULT 'a', b text DEFAULT 'b');`,
    prisma:
      'ALTER TABLE "Order" DROP a; ALTER TABLE "Order" RENAME b TO a; ALTER TABLE "Order" ADD b text DEFAULT \'new\'',
    undo: 'ALTER TABLE "Order" DROP b; ALTER TABLE "Order" RENAME a TO b; ALTER TABLE "Order" ADD a text DEFAULT \'a\'',
    writes: [[insert('"Order"')], [insert('"Order"')]],
  },
  {
    name: 'rename-key-column',
    from: state(order),
    steps: [renameColumn('id', 'number')],
    sources: source('"Order"'),
    prisma: 'ALTER TABLE "Order" RENAME COLUMN id TO number',
    undo: 'ALTER TABLE "Order" RENAME COLUMN number TO id',
    writes: [[insert('"Order"')], [insert('"Order"', 'number')]],
  },
  {
    name: 'rename-table',
    from: state(order),
    steps: [renameTable('Purchase'), renameObjects('Purchase', at('Purchase'))],
    sources: source('"Order"'),
    prisma: 'ALTER TABLE "Order" RENAME TO "Purchase"',
    undo: 'ALTER TABLE "Purchase" RENAME TO "Order"',
    writes: [[insert('"Order"')], [insert('"Purchase"')]],
  },
  {
    name: 'rename-table-by-row',
    from: state({ ...order, level: 'row', updates: 'changed' }),
    steps: [renameTable('Purchase'), renameObjects('Purchase', at('Purchase'))],
    sources: source('"Order"'),
    prisma: 'ALTER TABLE "Order" RENAME TO "Purchase"',
    undo: 'ALTER TABLE "Purchase" RENAME TO "Order"',
    writes: [[insert('"Order"')], [insert('"Purchase"')]],
  },
  {
    name: 'move-table',
    from: state(order),
    steps: [renameTable('Order', 'shop')],
    sources: `CREATE SCHEMA shop; ${source('"Order"')}`,
    prisma: 'ALTER TABLE "Order" SET SCHEMA shop',
    undo: 'ALTER TABLE shop."Order" SET SCHEMA public',
    writes: [[insert('"Order"')], [insert('shop."Order"')]],
  },
  {
    name: 'continue-table',
    from: state(order),
    steps: [
      renameTable('Purchase'),
      renameObjects('Purchase', at('Purchase')),
      { kind: 'resumeTable', source: at('Purchase') },
    ],
    sources: source('"Order"'),
    prisma: `DROP TABLE "Order"; ${source('"Purchase"')}`,
    undo: `DROP TABLE "Purchase"; ${source('"Order"')}`,
    writes: [[insert('"Order"')], [insert('"Purchase"')]],
  },
  {
    // Functions and audit table keep their names: what tells that the triggers are off again is their own name.
    name: 'continue-table-and-rename-triggers',
    from: state(order),
    steps: [
      renameTable('Order', 'shop'),
      {
        kind: 'renameObjects',
        source: at('Order', 'shop'),
        schema: 'audit',
        names: {
          ...names('Order'),
          insertTrigger: 'a_i',
          updateTrigger: 'a_u',
          deleteTrigger: 'a_d',
          keyTrigger: 'a_k',
          truncateTrigger: 'a_t',
        },
      },
      { kind: 'resumeTable', source: at('Order', 'shop') },
    ],
    sources: `CREATE SCHEMA shop; ${source('"Order"')}`,
    prisma: `DROP TABLE "Order"; ${source('shop."Order"')}`,
    undo: `DROP TABLE shop."Order"; ${source('"Order"')}`,
    writes: [[insert('"Order"')], [insert('shop."Order"')]],
  },
  {
    name: 'replace-table',
    from: state(order),
    steps: [{ kind: 'resumeTable', source: main, replaced: at('Order_old') }],
    sources: source('"Order"'),
    prisma: `ALTER TABLE "Order" RENAME TO "Order_old"; ${source('"Order"')}`,
    undo: `DROP TABLE "Order"; ALTER TABLE "Order_old" RENAME TO "Order"`,
    writes: [[insert('"Order"')], [insert('"Order"')]],
  },
  {
    name: 'partition-table',
    from: state(order),
    steps: [
      { kind: 'changeLevel', source: main, level: 'row', updates: 'all' },
      { kind: 'resumeTable', source: main, replaced: at('Order_p1') },
    ],
    sources: source('"Order"'),
    prisma: `ALTER TABLE "Order" RENAME TO "Order_p1";
      CREATE TABLE "Order" (LIKE "Order_p1" INCLUDING DEFAULTS) PARTITION BY RANGE (id);
      ALTER TABLE "Order" ADD PRIMARY KEY (id); ALTER TABLE "Order" ATTACH PARTITION "Order_p1" DEFAULT`,
    undo: `ALTER TABLE "Order" DETACH PARTITION "Order_p1"; DROP TABLE "Order"; ALTER TABLE "Order_p1" RENAME TO "Order"`,
    writes: [[insert('"Order"')], [insert('"Order"')]],
  },
  {
    name: 'retire-replaced-table',
    from: state(order),
    steps: [{ kind: 'retireTable', source: main, replaced: at('Order_old') }],
    sources: source('"Order"'),
    prisma: `ALTER TABLE "Order" RENAME TO "Order_old"; ${source('"Order"')}`,
    undo: `DROP TABLE "Order"; ALTER TABLE "Order_old" RENAME TO "Order"`,
    writes: [[insert('"Order"')], []],
  },
  {
    name: 'rename-objects',
    from: state(order),
    steps: [{ kind: 'renameObjects', source: main, schema: 'audit', names: everyName }],
    sources: source('"Order"'),
    writes: [[insert('"Order"')], [insert('"Order"')]],
  },
  {
    name: 'rename-objects-and-level',
    from: state(order),
    steps: [
      { kind: 'renameObjects', source: main, schema: 'audit', names: everyName },
      { kind: 'changeLevel', source: main, level: 'row', updates: 'changed' },
    ],
    sources: source('"Order"'),
    writes: [[insert('"Order"')], [insert('"Order"')]],
  },
  {
    name: 'rename-objects-at-level-row',
    from: state({ ...order, level: 'row' }),
    steps: [{ kind: 'renameObjects', source: main, schema: 'audit', names: everyName }],
    sources: source('"Order"'),
    writes: [[insert('"Order"')], [insert('"Order"')]],
  },
  {
    name: 'rename-setting-column',
    from: state(order),
    steps: [renameColumn('audit_username', 'by_username'), renameColumn('audit_app_uuid', 'by_app_uuid')],
    sources: source('"Order"'),
    writes: [[insert('"Order"')], [insert('"Order"')]],
  },
  {
    name: 'swap-setting-columns',
    from: state({ ...order, settings: [setting('username String'), setting('reason String')] }),
    steps: [
      renameColumn('audit_username', 't'),
      renameColumn('audit_reason', 'audit_username'),
      renameColumn('t', 'audit_reason'),
    ],
    sources: source('"Order"'),
    writes: [[insert('"Order"')], [insert('"Order"')]],
  },
  {
    name: 'move-schema',
    from: withRetired,
    steps: [
      { kind: 'moveSchema', name: 'trail', sqlVersion: 1 },
      renameObjects('Item', item_, 'trail'),
      renameObjects('Order', main, 'trail'),
      { kind: 'dropSchema', name: 'audit' },
    ],
    sources: `${source('"Order"')} ${source('"Item"')}`,
    writes: [[insert('"Order"')], [insert('"Order"')]],
  },
  {
    name: 'swap-tables',
    from: state(order, item),
    steps: [
      renameTable('Order__2'),
      renameTable('Order', 'public', item_),
      renameTable('Item', 'public', at('Order__2')),
      renameObjects('Order__2', item_),
      renameObjects('Order', main),
      renameObjects('Item', item_),
    ],
    sources: `${source('"Order"')} ${source('"Item"')}`,
    prisma:
      'ALTER TABLE "Order" RENAME TO t; ALTER TABLE "Item" RENAME TO "Order"; ALTER TABLE t RENAME TO "Item"',
    undo: 'ALTER TABLE "Order" RENAME TO t; ALTER TABLE "Item" RENAME TO "Order"; ALTER TABLE t RENAME TO "Item"',
    writes: [
      [insert('"Order"'), insert('"Item"')],
      [insert('"Item"'), insert('"Order"')],
    ],
    exchanges: true,
  },
  {
    name: 'make-in-place',
    ...(() => {
      const from = state(order)
      const renames = [renameTable('Zold'), renameObjects('Zold', at('Zold'))]
      const old = { ...table('Zold', swapped), settings: order.settings }
      return { from, steps: then(from, renames, state(order, old)) }
    })(),
    sources: source('"Order"'),
    prisma: `ALTER TABLE "Order" RENAME TO "Zold"; ALTER INDEX "Order_pkey" RENAME TO "Zold_pkey"; ${source('"Order"')}`,
    undo: `DROP TABLE "Order"; ALTER TABLE "Zold" RENAME TO "Order"; ALTER INDEX "Zold_pkey" RENAME TO "Order_pkey"`,
    writes: [[insert('"Order"')], [insert('"Zold"'), insert('"Order"')]],
  },
  {
    name: 'rename-odd-names',
    from: state(odd),
    steps: [
      renameTable(LONG, 'public', odd.source),
      {
        kind: 'renameObjects',
        source: at(LONG),
        schema: 'audit',
        names: { ...names('x'), table: `"${'ß'.repeat(30)}`, captureFunction: LONG, insertTrigger: `'"$$` },
      },
      renameColumn(LONG, `${'ö'.repeat(31)}"`, at(LONG)),
      renameColumn(`a"b`, 'a b', at(LONG)),
      renameColumn('$audit$', `a"b`, at(LONG)),
      renameColumn('a b', '$audit$', at(LONG)),
    ],
    sources: `CREATE TABLE ${quoted(ODD)} (id int PRIMARY KEY, ${LONG} text, "a""b" text, "$audit$" text);`,
    prisma: `ALTER TABLE ${quoted(ODD)} RENAME TO ${LONG}; ALTER TABLE ${LONG} RENAME ${LONG} TO ${quoted(`${'ö'.repeat(31)}"`)};
      ALTER TABLE ${LONG} RENAME "a""b" TO t; ALTER TABLE ${LONG} RENAME "$audit$" TO "a""b"; ALTER TABLE ${LONG} RENAME t TO "$audit$"`,
    undo: `ALTER TABLE ${LONG} RENAME "$audit$" TO t; ALTER TABLE ${LONG} RENAME "a""b" TO "$audit$"; ALTER TABLE ${LONG} RENAME t TO "a""b";
      ALTER TABLE ${LONG} RENAME ${quoted(`${'ö'.repeat(31)}"`)} TO ${LONG}; ALTER TABLE ${LONG} RENAME TO ${quoted(ODD)}`,
    writes: [[insert(quoted(ODD))], [insert(LONG)]],
  },
  {
    name: 'rename-several',
    ...(() => {
      const from = state(order)
      const to = several
      const [wanted] = to.tables
      const renames: MigrationStep[] = [
        renameTable('Purchase', 'shop'),
        {
          kind: 'renameObjects',
          source: at('Purchase', 'shop'),
          schema: 'audit',
          names: wanted?.names ?? names(''),
        },
        renameColumn('id', 'number', at('Purchase', 'shop')),
        renameColumn('note', 'remark', at('Purchase', 'shop')),
        renameColumn('audit_username', 'by_username', at('Purchase', 'shop')),
      ]
      return { from, steps: then(from, renames, to) }
    })(),
    sources: `CREATE SCHEMA shop; ${source('"Order"')}`,
    prisma: `ALTER TABLE "Order" SET SCHEMA shop; ALTER TABLE shop."Order" RENAME TO "Purchase"; ALTER TABLE shop."Purchase" RENAME id TO number;
      ALTER TABLE shop."Purchase" RENAME note TO remark; ALTER TABLE shop."Purchase" ALTER remark TYPE text, DROP price;
      ALTER TABLE shop."Purchase" ADD price text, ADD total int NOT NULL DEFAULT 1, DROP CONSTRAINT "Order_pkey", ADD PRIMARY KEY (number, total)`,
    undo: `ALTER TABLE shop."Purchase" DROP CONSTRAINT "Purchase_pkey", DROP total, DROP price;
      ALTER TABLE shop."Purchase" ADD price int DEFAULT 7, ALTER remark TYPE varchar(20), ADD CONSTRAINT "Order_pkey" PRIMARY KEY (number);
      ALTER TABLE shop."Purchase" RENAME number TO id; ALTER TABLE shop."Purchase" RENAME remark TO note;
      ALTER TABLE shop."Purchase" RENAME TO "Order"; ALTER TABLE shop."Order" SET SCHEMA public`,
    writes: [[insert('"Order"')], [insert('shop."Purchase"', 'number')]],
  },
]
