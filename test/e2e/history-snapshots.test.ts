import fc from 'fast-check'
import pg from 'pg'
import { beforeAll, expect, test } from 'vitest'
import { serverMajor } from '../support/test-database.ts'
import { anyOperation, type Operation, takenApart } from './fold-equals-table/operations.ts'
import { readValueColumns } from './fold-equals-table/values.ts'
import {
  comparable,
  delegateOf,
  delegates,
  importHistory,
  openHistory,
  type Row,
  type ShopHistory,
  textOf,
  useShopHistory,
} from './history/shop-history.ts'

const isFull = process.env.AUDIT_TEST_SIZE === 'full'
const seed = Number(process.env.AUDIT_TEST_SEED ?? Math.floor(Math.random() * 2 ** 31))
console.info(`history-snapshots: AUDIT_TEST_SEED=${seed}`)

/** The tables as one snapshot saw them. */
interface Copy {
  readonly snapshot: string
  readonly tables: ReadonlyMap<string, readonly Row[]>
}

let shop: ShopHistory
let copies: readonly Copy[]

/** Prisma's client reads no NULL inside a list, and raw SQL of the writers puts some there. */
const readable = () => delegates(shop.models).filter(([name]) => name !== 'parcel')

beforeAll(async () => {
  shop = await useShopHistory()
  copies = await copiesUnderWriters(isFull ? 150 : 25)
}, 600_000)

async function copiesUnderWriters(count: number): Promise<readonly Copy[]> {
  const pool = shop.plain
  const connection = await pool.connect()
  const columns = await readValueColumns(connection as never)
  connection.release()
  const operations = fc.sample(anyOperation({ columns, major: serverMajor() }), { seed, numRuns: 4000 })
  let isOver = false
  let next = 0
  const work = async (name: string) => {
    const writer = await shop.writer(name)
    while (!isOver) {
      const operation = operations[next++ % operations.length] as Operation
      await takenApart(() => operation.run(writer)).catch(unlessInTheWay)
    }
  }
  const writers = ['bob', 'cid', 'dee'].map(work)
  const made: Copy[] = []
  // On a busy machine the writers may take longer than so many copies.
  while (made.length < count || (!tellsSomething(made) && made.length < 40 * count)) {
    // Its locks may meet those of a TRUNCATE.
    const copy = await copyOf().catch(unlessInTheWay)
    if (copy !== undefined) made.push(copy)
    await new Promise((resolve) => setTimeout(resolve, 40))
  }
  isOver = true
  await Promise.all(writers)
  return made
}

/** Whether the writers have written enough meanwhile; otherwise the tests would prove nothing. */
function tellsSomething(made: readonly Copy[]): boolean {
  const sizes = made.map(({ tables }) => [...tables.values()].reduce((sum, rows) => sum + rows.length, 0))
  return Math.max(...sizes) > 10 && new Set(made.map(({ snapshot }) => snapshot)).size > made.length / 2
}

/** Writers that meet one another may be the victims of a deadlock; that is part of the game. */
function unlessInTheWay(error: unknown): undefined {
  const text = `${(error as { code?: unknown }).code} ${(error as Error).message}`
  if (!/40P01|40001|P2034|deadlock|could not serialize|P2028/.test(text)) throw error
  return undefined
}

async function copyOf(): Promise<Copy> {
  return await shop.db.$transaction(
    async (tx) => {
      // A TRUNCATE empties a table for older snapshots too: it must not come between the snapshot and the copy.
      const locked = readable().map(([, { source }]) => pg.escapeIdentifier(source.name))
      await tx.$executeRawUnsafe(`LOCK TABLE ${locked.join(', ')} IN ACCESS SHARE MODE`)
      const tables = new Map<string, readonly Row[]>()
      for (const [name, model] of readable())
        tables.set(name, comparable(model, await delegateOf(tx, name).findMany()))
      const [row] = await tx.$queryRaw<{ snapshot: string }[]>`SELECT pg_current_snapshot()::text AS snapshot`
      return { snapshot: row?.snapshot ?? '', tables }
    },
    { isolationLevel: 'RepeatableRead', timeout: 60_000, maxWait: 60_000 },
  )
}

test('asOf of a snapshot is exactly what a copy of the table taken in that snapshot holds, while others write', async () => {
  expect(tellsSomething(copies)).toBe(true)
  for (const { snapshot, tables } of copies) {
    for (const [name, model] of readable()) {
      const { rows, unknown } = await delegateOf(shop.db, name).asOf({ snapshot })
      expect({ name, snapshot, rows: comparable(model, rows) }).toEqual({
        name,
        snapshot,
        rows: tables.get(name),
      })
      // A row whose first version is an update got its key by it here, or is older than its audit elsewhere: nobody can tell.
      for (const key of unknown) {
        const [first] = (await delegateOf(shop.db, name).history({ where: key, order: 'asc', take: 1 }))
          .entries
        expect(first).toMatchObject({ operation: 'U', changes: null })
      }
    }
  }
}, 1_800_000)

test('diff(a, b) applied to asOf(a) is asOf(b)', async () => {
  const pairs = fc.sample(fc.tuple(fc.nat(copies.length - 1), fc.nat(copies.length - 1)), {
    seed,
    numRuns: isFull ? 300 : 30,
  })
  const kinds = new Map<string, number>()
  for (const [first, second] of pairs) {
    const [from, to] = [copies[first] as Copy, copies[second] as Copy]
    for (const [name, model] of readable()) {
      const differences = await delegateOf(shop.db, name).diff(
        { snapshot: from.snapshot },
        { snapshot: to.snapshot },
      )
      const keyText = (row: Row) => textOf(model.key.map((column) => row[fieldOf(model, column)]))
      const rows = new Map((from.tables.get(name) ?? []).map((row) => [keyText(row), { ...row }]))
      for (const { kind, key, after, changes } of differences) {
        kinds.set(kind, (kinds.get(kind) ?? 0) + 1)
        const text = keyText(key)
        if (after === null) rows.delete(text)
        else if (kind === 'inserted' || kind === 'unknown') rows.set(text, { ...after })
        else
          for (const { field, after: value } of changes)
            (rows.get(text) as Record<string, unknown>)[field] = value
      }
      expect({ name, rows: comparable(model, [...rows.values()]) }).toEqual({
        name,
        rows: to.tables.get(name),
      })
    }
  }
  expect([...kinds.keys()]).toEqual(expect.arrayContaining(['deleted', 'inserted', 'updated']))
}, 1_800_000)

function fieldOf(model: (typeof shop.models)[string], column: string): string {
  return Object.entries(model.fields).find(([, field]) => field.column === column)?.[0] ?? column
}

/** What becomes of the schema, and of a row of a copy under it. */
const migration = `ALTER TABLE "order" RENAME "note" TO "remark";
ALTER TABLE "Product Catalogue" DROP "weight kg";
ALTER TABLE "StockMovement" ALTER "delta" TYPE BIGINT;
ALTER TABLE "Category" ADD "extra" TEXT DEFAULT 'new';
ALTER TABLE "Review" RENAME TO "Opinion";
`
const edits = [
  ['../generated/client', '../generated/later'],
  ['note       String?', 'remark     String?'],
  ['  weight      Float?        @map("weight kg") @db.Real\n', ''],
  ['delta     Int', 'delta     BigInt'],
  [
    'position   Int     @default(0) @db.SmallInt',
    'position   Int     @default(0) @db.SmallInt\n  extra      String? @default("new")',
  ],
  [
    '  @@unique([customerId, productId])',
    '  @@unique([customerId, productId], map: "Review_customer_id_product_id_key")\n  @@map("Opinion")',
  ],
] as const
const later: Readonly<Record<string, (row: Row) => Row>> = {
  order: ({ note, ...row }) => ({ ...row, remark: note }),
  product: ({ weight: _, ...row }) => row,
  stockMovement: (row) => ({ ...row, delta: BigInt(row.delta as number) }),
  category: (row) => ({ ...row, extra: null }),
}

test('asOf of a snapshot holds what a copy held, whatever the schema has become since', async () => {
  const { audited } = shop
  let schema = await audited.project.read('prisma/schema.prisma')
  for (const [old, now] of edits) {
    expect(schema).toContain(old)
    schema = schema.replace(old, now)
  }
  await audited.project.write('prisma/schema.prisma', schema)
  await audited.project.write('prisma/migrations/29990101000000_later/migration.sql', migration)
  await audited.project.prisma(['generate'])
  await audited.project.prisma(['migrate', 'deploy'])
  const { historyModels } = await importHistory(audited)
  const db = await openHistory(audited, 'ann', 'generated/later/client.ts')
  for (const { snapshot, tables } of copies) {
    for (const [name, model] of delegates(historyModels).filter(([each]) => each !== 'parcel')) {
      const { rows } = await delegateOf(db, name).asOf({ snapshot })
      const expected = (tables.get(name) ?? []).map(later[name] ?? ((row) => row))
      expect({ name, snapshot, rows: comparable(model, rows) }).toEqual({
        name,
        snapshot,
        rows: comparable(model, expected),
      })
    }
  }
}, 1_800_000)
