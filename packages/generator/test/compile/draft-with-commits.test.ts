import { describe, expect, test } from 'vitest'
import { createDatabase, type TestDatabase } from '../../../../test/support/test-database.ts'
import { compileProject, type Migrations, schemaOf, withNext } from './compile-project.ts'

const DRAFT = '20240103000000_draft'
const INIT = `CREATE TABLE "Order" ("id" INTEGER NOT NULL, "code" TEXT NOT NULL, "note" TEXT, CONSTRAINT "Order_pkey" PRIMARY KEY ("id"));\n`
const model = (fields: string, options = '', table = 'Order') =>
  schemaOf(
    `/// @audit(enabled${options})\nmodel Order {\n  id Int @id\n${fields}\n  @@map("${table}")\n}\n`,
    '["username String"]',
  )

interface Case {
  readonly draft: string
  /** The fields of the model before and after. */
  readonly before: string
  readonly after: string
  readonly table?: string
  /** How an open connection writes before the draft, and from its first COMMIT on. */
  readonly writes: readonly [old: string, now: string]
  /** What the history's columns are in the end, and what the last write left in them. */
  readonly columns: string
  readonly recorded: readonly (string | null)[]
}

const FIELDS = '  code String\n  note String?'
const cases: Readonly<Record<string, Case>> = {
  'drops a column': {
    draft: 'BEGIN;\nALTER TABLE "Order" DROP COLUMN "note";\nCOMMIT;\n',
    before: FIELDS,
    after: '  code String',
    writes: [`INSERT INTO "Order" VALUES ($1, 'a', 'n')`, `INSERT INTO "Order" VALUES ($1, 'a')`],
    columns: 'code, note',
    recorded: ['a', null],
  },
  'renames a column': {
    draft: 'BEGIN;\nALTER TABLE "Order" RENAME COLUMN "note" TO "remark";\nCOMMIT;\n',
    before: FIELDS,
    after: '  code String\n  remark String?',
    writes: [`INSERT INTO "Order" VALUES ($1, 'a', 'n')`, `INSERT INTO "Order" VALUES ($1, 'a', 'm')`],
    columns: 'code, remark',
    recorded: ['a', 'm'],
  },
  'exchanges two names': {
    draft: `BEGIN;\nALTER TABLE "Order" RENAME COLUMN "note" TO "t";\nALTER TABLE "Order" RENAME COLUMN "code" TO "note";
ALTER TABLE "Order" RENAME COLUMN "t" TO "code";\nCOMMIT;\n`,
    before: FIELDS,
    after: '  note String\n  code String?',
    writes: [
      `INSERT INTO "Order" (id, code, note) VALUES ($1, 'the code', 'the note')`,
      `INSERT INTO "Order" (id, code, note) VALUES ($1, 'the note', 'the code')`,
    ],
    columns: 'code, note',
    recorded: ['the note', 'the code'],
  },
  'renames the key, and adds a column after it': {
    draft: `BEGIN;\nALTER TABLE "Order" RENAME COLUMN "id" TO "number";\nCOMMIT;\nALTER TABLE "Order" ADD COLUMN "more" TEXT;\n`,
    before: FIELDS,
    after: '  code String\n  note String?\n  more String?',
    writes: [`INSERT INTO "Order" VALUES ($1, 'a', 'n')`, `INSERT INTO "Order" VALUES ($1, 'a', 'n')`],
    columns: 'code, note',
    recorded: ['a', 'n'],
  },
  'renames the table': {
    draft: 'BEGIN;\nALTER TABLE "Order" RENAME TO "Purchase";\nCOMMIT;\nSELECT 1;\n',
    before: FIELDS,
    after: FIELDS,
    table: 'Purchase',
    writes: [`INSERT INTO "Order" VALUES ($1, 'a', 'n')`, `INSERT INTO "Purchase" VALUES ($1, 'a', 'n')`],
    columns: 'code, note',
    recorded: ['a', 'n'],
  },
  'has no semicolon at its end': {
    draft: 'ALTER TABLE "Order" DROP COLUMN "note" -- not needed;',
    before: FIELDS,
    after: '  code String',
    writes: [`INSERT INTO "Order" VALUES ($1, 'a', 'n')`, `INSERT INTO "Order" VALUES ($1, 'a')`],
    columns: 'code, note',
    recorded: ['a', null],
  },
}

describe.each(['statement', 'row'])('at level %s', (level) => {
  test.each(Object.entries(cases))(
    'a draft that %s records every write of open connections, also between its COMMIT and its audit part',
    async (_, { draft, before, after, table = 'Order', writes, columns, recorded }) => {
      const options = `, level: ${level}`
      const first: Migrations = { '20240101000000_init': INIT }
      const installed = withNext(first, await compileProject(model(before, options), first), '20240102000000')
      const isKeyRenamed = draft.includes('"number"')
      const next = isKeyRenamed
        ? model(after, options, table).replace('id Int @id', 'number Int @id')
        : model(after, options, table)
      const { migration, text } = await compileProject(
        next,
        { ...installed, [DRAFT]: draft },
        { draft: DRAFT },
      )
      expect(text).not.toContain('error')
      const file = migration?.file ?? ''
      const done: Migrations = { ...installed, [DRAFT]: file }
      expect((await compileProject(next, done)).migration).toBeUndefined()

      const database = await createDatabase()
      for (const name of Object.keys(installed).sort()) await database.query(installed[name] ?? '')
      const open = await database.pool({ max: 1 }).connect()
      const write = async (statement: string, id: number) => {
        await open.query('BEGIN')
        await open.query("SELECT set_config('audit.username', 'ann', true)")
        await open.query({ text: statement, values: [id] })
        await open.query(
          `UPDATE "${await tableOf(database)}" SET ${await keyOf(database)} = ${id + 1000} WHERE ${await keyOf(database)} = ${id}`,
        )
        await open.query('COMMIT')
      }
      for (let id = 1; id <= 6; id += 1) await write(writes[0], id)
      // As far as the first COMMIT, then a write, then the rest: as a deploy and its writers meet.
      const cut = /^COMMIT;\n/m.exec(file)
      const end = cut === null ? 0 : cut.index + cut[0].length
      if (end > 0) {
        await database.query(file.slice(0, end))
        await write(writes[1], 7)
        await database.query(`BEGIN; SELECT set_config('audit.username', 'ann', true);
          SAVEPOINT before; TRUNCATE "${await tableOf(database)}"; ROLLBACK TO before; COMMIT`)
      }
      await database.query(file.slice(end))
      await write(writes[1], 8)
      open.release()

      const history = `audit."${table}_audit"`
      const key = await keyOf(database)
      const rows = await database.query<Record<string, unknown>>(
        `SELECT audit_operation AS op, ${key}, ${columns} FROM ${history} WHERE ${key} IN (7, 8, 1007, 1008) ORDER BY audit_id`,
      )
      const names = columns.split(', ')
      const expected = (id: number) =>
        ['I', 'D', 'U'].map((op) => [op, op === 'U' ? id + 1000 : id, ...recorded])
      expect(rows.map((row) => [row.op, row[key], ...names.map((name) => row[name])])).toEqual(
        end > 0 ? [...expected(7), ...expected(8)] : expected(8),
      )
      await database.drop()
    },
  )
})

async function tableOf(database: TestDatabase): Promise<string> {
  const [found] = await database.query<{ name: string }>(
    `SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'`,
  )
  return found?.name ?? ''
}

async function keyOf(database: TestDatabase): Promise<string> {
  const [found] = await database.query<{ name: string }>(
    `SELECT attname AS name FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
     WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND attnum = 1`,
  )
  return found?.name ?? ''
}
