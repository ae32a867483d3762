import type { AuditedTable } from '../../src/model/audit-model.ts'
import { type DatabaseState, EMPTY_STATE } from '../../src/state/database-state.ts'
import { column, facts, setting, state, table, type, waivable } from './fixture.ts'

/** The audited table that every case starts from. */
export const base = table('Order', {
  columns: [column('id', 'integer'), column('note', type('varchar', [20])), column('status', 'text', true)],
  settings: [setting('username String'), setting('app_uuid Uuid?')],
})
const columns = base.columns
/** Its source, as Prisma would create it. */
export const source = `CREATE TYPE status AS ENUM ('open', 'done'); CREATE TABLE "Order" (id int PRIMARY KEY, note varchar(20), status status);`

export interface Case {
  readonly name: string
  readonly from: DatabaseState
  readonly to: DatabaseState
  /** What Prisma's part of the migration does to the source table. */
  readonly prisma?: string
}

export const change = (wishes: Partial<AuditedTable>) => ({
  from: state(base),
  to: state({ ...base, ...wishes }),
})

/** One of each kind of step. */
export const CASES: readonly Case[] = [
  { name: 'create', from: EMPTY_STATE, to: state(base) },
  {
    name: 'add-column',
    ...change({ columns: [...columns, column('total', type('numeric', [10, 2]))] }),
    prisma: 'ALTER TABLE "Order" ADD COLUMN total numeric(10,2)',
  },
  {
    name: 'drop-column',
    ...change({ columns: columns.filter((c) => c.name !== 'note') }),
    prisma: 'ALTER TABLE "Order" DROP COLUMN note',
  },
  {
    name: 'widen-column',
    ...change({ columns: columns.map((c) => (c.name === 'note' ? column('note', 'text') : c)) }),
    prisma: 'ALTER TABLE "Order" ALTER COLUMN note TYPE text',
  },
  {
    name: 'retype-column',
    ...change({ columns: columns.map((c) => (c.name === 'note' ? column('note', 'integer') : c)) }),
    prisma: 'ALTER TABLE "Order" DROP COLUMN note; ALTER TABLE "Order" ADD COLUMN note int',
  },
  {
    name: 'enum-to-text',
    ...change({ columns: columns.map((c) => (c.name === 'status' ? column('status', 'text') : c)) }),
    prisma: 'ALTER TABLE "Order" ALTER COLUMN status TYPE text',
  },
  { name: 'add-setting', ...change({ settings: [...base.settings, setting('reason String')] }) },
  { name: 'remove-setting', ...change({ settings: base.settings.filter((s) => s.name !== 'username') }) },
  {
    name: 'setting-optional',
    ...change({ settings: [setting('username String?'), setting('app_uuid Uuid?')] }),
  },
  {
    name: 'setting-required',
    ...change({ settings: [setting('username String'), setting('app_uuid Uuid')] }),
  },
  {
    name: 'setting-default',
    ...change({ settings: [setting('username String', 'system'), setting('app_uuid Uuid?')] }),
  },
  { name: 'missing-record', ...change({ missingSettings: 'record' }) },
  { name: 'missing-refuse', from: state({ ...base, missingSettings: 'record' }), to: state(base) },
  { name: 'level-row', ...change({ level: 'row' }) },
  { name: 'level-row-changed', ...change({ level: 'row', updates: 'changed' }) },
  { name: 'level-statement', from: state({ ...base, level: 'row', updates: 'changed' }), to: state(base) },
  {
    name: 'updates-changed',
    from: state({ ...base, level: 'row' }),
    to: state({ ...base, level: 'row', updates: 'changed' }),
  },
  {
    name: 'level-row-and-columns',
    ...change({ level: 'row', columns: [...columns, column('total', 'integer')], key: ['note', 'id'] }),
    prisma: `SELECT audit.set_context('{"username": "u"}'); UPDATE "Order" SET note = 'n';
      ALTER TABLE "Order" DROP CONSTRAINT "Order_pkey", ADD PRIMARY KEY (id, note), ADD total int`,
  },
  {
    name: 'redact-column',
    ...change({
      level: 'row',
      columns: columns.map((c) => (c.name === 'note' ? { ...column('note', 'text'), policy: 'redact' } : c)),
    }),
  },
  {
    name: 'hash-column',
    ...change({
      columns: columns.map((c) => (c.name === 'note' ? { ...column('note', 'text'), policy: 'hash' } : c)),
    }),
  },
  {
    name: 'show-column',
    from: state({
      ...base,
      columns: columns.map((c) => (c.name === 'note' ? { ...column('note', 'text'), asText: true } : c)),
    }),
    to: state(base),
  },
  {
    name: 'when-changed',
    from: state({ ...base, level: 'row' }),
    to: state({
      ...base,
      level: 'row',
      columns: columns.map((c) => (c.name === 'note' ? { ...c, whenChanged: true } : c)),
      settings: [...base.settings, ...facts('unchanged_columns')],
    }),
  },
  { name: 'create-partitions', from: EMPTY_STATE, to: state({ ...base, partitionBy: 'quarter' }) },
  { name: 'partitions', ...change({ partitionBy: 'month' }) },
  { name: 'no-partitions', from: state({ ...base, partitionBy: 'month' }), to: state(base) },
  { name: 'create-backfill', from: EMPTY_STATE, to: state({ ...base, backfill: true }) },
  { name: 'backfill', ...change({ backfill: true }) },
  {
    name: 'add-fact',
    ...change({
      settings: [...base.settings, ...facts('client_addr', 'application_name')],
    }),
  },
  {
    name: 'enable-always',
    from: state({ ...base, level: 'row' }),
    to: state({ ...base, level: 'row', enableAlways: true }),
  },
  {
    name: 'enable-no-more',
    from: state({ ...base, level: 'row', enableAlways: true }),
    to: state({ ...base, level: 'row' }),
  },
  { name: 'create-row', from: EMPTY_STATE, to: state({ ...base, level: 'row', updates: 'changed' }) },
  { name: 'truncate-refuse', ...change({ truncate: 'refuse' }) },
  // A role that no cluster has: the migration does not ask.
  { name: 'waiver', from: state(base), to: waivable('Audit Maintenance', base) },
  {
    name: 'waiver-row',
    from: state({ ...base, level: 'row' }),
    to: waivable('Audit Maintenance', { ...base, level: 'row' }),
  },
  { name: 'waiver-role', from: waivable('a', base), to: waivable('o\'b"rien %s', base) },
  { name: 'no-waiver', from: waivable('a', base), to: state(base) },
  { name: 'create-waivable', from: EMPTY_STATE, to: waivable('a', { ...base, truncate: 'refuse' }) },
  {
    name: 'change-key',
    ...change({ key: ['id', 'note'] }),
    prisma: `SELECT audit.set_context('{"username": "u"}'); UPDATE "Order" SET note = 'n';
      ALTER TABLE "Order" DROP CONSTRAINT "Order_pkey", ADD PRIMARY KEY (id, note)`,
  },
  { name: 'lose-key', ...change({ key: [] }), prisma: 'ALTER TABLE "Order" DROP CONSTRAINT "Order_pkey"' },
  { name: 'retire-table', from: state(base), to: state() },
  { name: 'retire-dropped-table', from: state(base), to: state(), prisma: 'DROP TABLE "Order"' },
]
