import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { createDatabase, type TestDatabase } from '../../../../test/support/test-database.ts'
import { serverBinaries } from '../../../../test/support/tested-server.ts'
import type { AuditedColumn } from '../../src/model/audit-model.ts'
import { column, createSource, down, setting, state, table, up, waivable } from '../sql/fixture.ts'

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

/** The programs of this server, on it. */
function program(name: string, url: string, args: readonly string[], input?: string | Buffer) {
  const { stdout, stderr, status, error } = spawnSync(
    join(serverBinaries(), name),
    [...args, `--dbname=${url}`],
    {
      input,
      maxBuffer: 2 ** 28,
    },
  )
  if (error) throw error
  if (status !== 0) throw new Error(`${name}: ${stderr}`)
  return stdout
}

async function restored(
  dump: (from: string, to: string) => void,
  run: (copy: TestDatabase) => Promise<void>,
) {
  const [original, copy] = [await createDatabase(), await createDatabase()]
  try {
    await original.query(tables.map(createSource).join('') + up(audit))
    await original.query(write(1))
    dump(original.url, copy.url)
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

const plain = (...args: string[]) =>
  [
    (from: string, to: string) => {
      program('psql', to, ['--quiet', '--set=ON_ERROR_STOP=1'], program('pg_dump', from, args))
    },
  ] as const
const WAYS = [
  ['plain text', ...plain()],
  ['plain text with INSERT statements', ...plain('--inserts')],
  [
    'the custom format, by pg_restore',
    (from: string, to: string) => {
      program('pg_restore', to, ['--exit-on-error'], program('pg_dump', from, ['--format=custom']))
    },
  ],
  [
    'schema first and then data alone, with triggers disabled',
    (from: string, to: string) => {
      program('psql', to, ['--quiet', '--set=ON_ERROR_STOP=1'], program('pg_dump', from, ['--schema-only']))
      program(
        'psql',
        to,
        ['--quiet', '--set=ON_ERROR_STOP=1'],
        program('pg_dump', from, ['--data-only', '--disable-triggers']),
      )
    },
  ],
] as const

it.each(WAYS)(
  'a database that is restored from %s goes on where it was: rows, history, keys and refusals',
  async (_, dump) => {
    await restored(dump, async (copy) => {
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
  await restored(WAYS[0][1], async (copy) => {
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
    WAYS[0][1](original.url, copy.url)
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
