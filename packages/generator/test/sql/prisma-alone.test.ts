import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { createDatabase } from '../../../../test/support/test-database.ts'
import { base, source } from './evolution-cases.ts'
import { state, up } from './fixture.ts'

const text = readFileSync(new URL('../../../../docs/schema-changes.md', import.meta.url), 'utf8')
const lastCell = (title: string) =>
  text
    .split('\n')
    .find((line) => line.startsWith(`| ${title} |`))
    ?.split(' | ')
    .at(-1) ?? ''

interface Alone {
  readonly title: string
  /** What Prisma's migration does. */
  readonly prisma: string
  /** What a connection that was open before then meets: the code of the error, or the number of new rows of history. */
  readonly write: string | number
  /** The code that a write which changes a key meets, and at `level: row` every write. */
  readonly changedKey?: string
  readonly truncate?: string
  /** Another column is recorded in its place. */
  readonly isReplaced?: true
}

const recreate = `ALTER TYPE status RENAME TO status_old; CREATE TYPE status AS ENUM ('open');
  ALTER TABLE "Order" ALTER COLUMN status TYPE status USING status::text::status; DROP TYPE status_old`

const ALONE: readonly Alone[] = [
  { title: 'a column is added', prisma: 'ALTER TABLE "Order" ADD COLUMN total int', write: 1 },
  { title: 'a column is removed', prisma: 'ALTER TABLE "Order" DROP COLUMN note', write: '42703' },
  {
    title: 'a column is renamed',
    prisma: 'ALTER TABLE "Order" RENAME COLUMN note TO remark',
    write: '42703',
  },
  {
    title: 'a column is removed',
    prisma: 'ALTER TABLE "Order" DROP COLUMN note; ALTER TABLE "Order" ADD COLUMN note varchar(20)',
    write: 1,
    isReplaced: true,
  },
  {
    title: 'a column is renamed',
    prisma:
      'ALTER TABLE "Order" RENAME COLUMN note TO remark; ALTER TABLE "Order" ADD COLUMN note varchar(20)',
    write: 1,
    isReplaced: true,
  },
  {
    title: 'a column gets a wider type',
    prisma: 'ALTER TABLE "Order" ALTER COLUMN note TYPE text',
    write: 1,
    changedKey: '42804',
  },
  {
    title: 'a column gets another type',
    prisma: 'ALTER TABLE "Order" ALTER COLUMN note TYPE int USING 1',
    write: 1,
    changedKey: '42804',
  },
  { title: 'an enum changes', prisma: recreate, write: 1, changedKey: 'XX000' },
  { title: 'an enum changes', prisma: `ALTER TYPE status ADD VALUE 'lost'`, write: 1 },
  {
    title: 'a table is renamed',
    prisma: 'ALTER TABLE "Order" RENAME TO "Purchase"',
    write: 1,
    truncate: '42P01',
  },
  {
    title: 'a table moves to another PostgreSQL schema',
    prisma: 'CREATE SCHEMA shop; ALTER TABLE "Order" SET SCHEMA shop',
    write: 1,
    truncate: '42P01',
  },
  {
    title: 'a table is dropped and created under another name',
    prisma:
      'DROP TABLE "Order"; CREATE TABLE "Purchase" (id int PRIMARY KEY, note varchar(20), status status)',
    write: 0,
  },
]

describe("Prisma's migration without its audit part, as docs/schema-changes.md says", () => {
  it.each(ALONE)(
    '$title: $write ($prisma)',
    async ({ title, prisma, write, changedKey, truncate, isReplaced }) => {
      const codes = await Promise.all([
        meet(prisma, 'statement', `INSERT INTO TABLE (id, status) VALUES (3, 'open')`),
        meet(prisma, 'statement', 'UPDATE TABLE SET id = -id WHERE id = 1'),
        meet(prisma, 'row', `INSERT INTO TABLE (id, status) VALUES (3, 'open')`),
        meet(prisma, 'statement', 'TRUNCATE TABLE'),
      ])
      const expected = typeof write === 'string' ? write : undefined
      expect(codes).toMatchObject([
        { code: expected },
        { code: changedKey ?? expected },
        { code: changedKey ?? expected },
        { code: truncate ?? (expected === undefined ? undefined : expect.any(String)) },
      ])
      if (typeof write === 'number') expect(codes[0]?.recorded).toBe(write)
      for (const code of [expected, changedKey]) if (code) expect(lastCell(title)).toContain(code)
      if (isReplaced) expect(lastCell(title)).toContain('is recorded in its place')
      if (truncate) expect(lastCell(title)).toContain('TRUNCATE fails')
    },
  )
})

/** What a write on an open connection meets after Prisma's statements, and how many rows of history it leaves. */
async function meet(prisma: string, level: 'statement' | 'row', sql: string) {
  const database = await createDatabase()
  const client = await database.pool({ max: 1 }).connect()
  try {
    await database.query(source + up(state({ ...base, level })))
    await client.query(`SELECT set_config('audit.username', 'ann', false)`)
    // Every function has been called on this connection before.
    for (const before of [
      `INSERT INTO "Order" (id, status) VALUES (0, 'open')`,
      'UPDATE "Order" SET id = 2',
      'TRUNCATE "Order"',
      `INSERT INTO "Order" (id, status) VALUES (1, 'open')`,
    ]) {
      await client.query(before)
    }
    const count = async () => (await database.query('SELECT FROM audit."Order_audit"')).length
    const already = await count()
    await database.query(prisma)
    const [table] = await database.query<{ name: string }>(
      `SELECT oid::regclass::text AS name FROM pg_class WHERE relname IN ('Order', 'Purchase') AND relkind = 'r'`,
    )
    const code = await client.query(sql.replace('TABLE', table?.name ?? '')).then(
      () => undefined,
      (error: { code: string }) => error.code,
    )
    return { code, recorded: (await count()) - already }
  } finally {
    client.release()
    await database.drop()
  }
}
