import { expect, it } from 'vitest'
import { createDatabase, type TestDatabase } from '../../../../test/support/test-database.ts'
import type { AuditedColumn } from '../../src/model/audit-model.ts'
import { column, createSource, down, setting, state, table, up, waivable } from '../sql/fixture.ts'
import { dump, dumpAndRestore, restore } from './program.ts'

const iban: AuditedColumn = { ...column('iban', 'text'), policy: 'hash' }
const columns = [column('id', 'integer'), column('note', 'text'), iban]
const settings = [setting('username String')]
const tables = [
  table('Order', { columns, settings }),
  table('Event "row"', { columns, settings, level: 'row', updates: 'changed' }),
]
const audit = waivable('nobody_at_all', ...tables)
const HISTORIES = ['"Order_audit"', '"Event ""row""_audit"'].map((name) => `audit.${name}`)

const write = (id: number) =>
  ['"Order"', '"Event ""row"""']
    .map(
      (name) => `BEGIN; SET LOCAL audit.username = 'ann'; INSERT INTO ${name} VALUES (${id}, 'a', 'DE89');
        UPDATE ${name} SET id = ${id} + 1000 WHERE id = ${id}; COMMIT;`,
    )
    .join('\n')

async function restored(
  carry: (from: string, to: string) => void,
  run: (copy: TestDatabase) => Promise<void>,
) {
  const [original, copy] = [await createDatabase(), await createDatabase()]
  try {
    await original.query(tables.map(createSource).join('') + up(audit))
    await original.query(write(1))
    carry(original.url, copy.url)
    for (const history of HISTORIES) {
      const all = `SELECT * FROM ${history} ORDER BY audit_id`
      expect(await copy.query(all)).toEqual(await original.query(all))
    }
    await run(copy)
  } finally {
    await original.drop()
    await copy.drop()
  }
}

type Way = (from: string, to: string) => void
const plain =
  (...args: readonly string[]): Way =>
  (from, to) =>
    dumpAndRestore(from, to, ...args)
const WAYS: readonly (readonly [string, Way])[] = [
  ['plain text', plain()],
  ['plain text with INSERT statements', plain('--inserts')],
  ['the custom format, by pg_restore', (from, to) => restore(to, dump(from), '--exit-on-error')],
  [
    'schema first and then data alone, with triggers disabled',
    (from, to) => {
      dumpAndRestore(from, to, '--schema-only')
      dumpAndRestore(from, to, '--data-only', '--disable-triggers')
    },
  ],
]

it.each(WAYS)(
  'a database that is restored from %s goes on where it was: rows, history, keys and refusals',
  async (_, carry) => {
    await restored(carry, async (copy) => {
      await copy.query(write(2))
      for (const history of HISTORIES) {
        const rows = await copy.query<{ operation: string; id: number; iban: string }>(
          `SELECT audit_operation AS operation, id, iban FROM ${history} ORDER BY audit_id`,
        )
        expect(rows.slice(3).map(({ operation, id }) => `${operation}${id}`)).toEqual(['I2', 'D2', 'U1002'])
        expect(new Set(rows.map((row) => row.iban)).size).toBe(1)
        await expect(copy.query(`DELETE FROM ${history}`)).rejects.toMatchObject({ code: 'AU002' })
      }
      await expect(copy.query(`INSERT INTO "Order" VALUES (7)`)).rejects.toMatchObject({ code: 'AU001' })
      await expect(copy.query(`SELECT audit.waive_capture('x')`)).rejects.toMatchObject({ code: 'AU004' })
    })
  },
)

it('a restored database takes the same migration again, the next one, and its down.sql', async () => {
  const [order, event] = tables
  if (order === undefined || event === undefined) throw new Error('the fixture lost a table')
  const next = waivable(
    'nobody_at_all',
    { ...order, columns: [...columns, column('more', 'integer')] },
    event,
  )
  await restored(dumpAndRestore, async (copy) => {
    await copy.query(up(audit))
    await copy.query(`ALTER TABLE "Order" ADD more int; ${up(next, audit)}`)
    await copy.query(
      `BEGIN; SET LOCAL audit.username = 'ann'; INSERT INTO "Order" VALUES (3, 'c', 'DE89', 7); COMMIT`,
    )
    expect(await copy.query('SELECT more FROM audit."Order_audit" WHERE id = 3')).toEqual([{ more: 7 }])
    await copy.query(down(next, audit))
    await copy.query(write(4))
    expect(await copy.query(`SELECT count(DISTINCT iban)::int AS n FROM ${HISTORIES[0]}`)).toEqual([{ n: 1 }])
  })
})

it('a hashed column keeps its key where what was recorded before in clear was emptied, as docs/sql.md says', async () => {
  const plainIban = { ...column('iban', 'text') }
  const clear = state(
    table('Order', { columns: [column('id', 'integer'), plainIban, column('last', 'text')] }),
  )
  const hashed = state(
    table('Order', {
      columns: [column('id', 'integer'), iban, { ...column('last', 'text'), policy: 'hash' }],
    }),
  )
  const [original, copy] = [await createDatabase(), await createDatabase()]
  try {
    await original.query(`CREATE TABLE "Order" (id int PRIMARY KEY, iban text, last text); ${up(clear)}`)
    await original.query(`INSERT INTO "Order" VALUES (0, 'in clear', 'x'); ${up(hashed, clear)}`)
    // Dropped, it would give the later columns other numbers in the copy, and keys are found by them.
    await original.query(
      `ALTER TABLE audit."Order_audit" DISABLE TRIGGER append_only; UPDATE audit."Order_audit" SET iban__2 = NULL;
       ALTER TABLE audit."Order_audit" ENABLE ALWAYS TRIGGER append_only`,
    )
    await original.query(`INSERT INTO "Order" VALUES (1, 'DE89', 'x')`)
    dumpAndRestore(original.url, copy.url)
    await copy.query(`INSERT INTO "Order" VALUES (2, 'DE89', 'x')`)
    expect(
      await copy.query(
        'SELECT count(DISTINCT iban)::int AS ibans, count(DISTINCT last)::int AS lasts, count(iban__2)::int AS clear FROM audit."Order_audit"',
      ),
    ).toEqual([{ ibans: 1, lasts: 1, clear: 0 }])
  } finally {
    await original.drop()
    await copy.drop()
  }
})
