import fc from 'fast-check'
import pg from 'pg'
import type { Client, Model, Transaction } from '../main-path/client.ts'
import { type ValueColumn, valuesOf } from './values.ts'

type Models = 'customer' | 'category' | 'product' | 'order' | 'orderLine' | 'exchangeRate' | 'stockMovement'

export interface Shop {
  readonly models: Readonly<Record<Models, Model>>
  readonly prisma: Client<Models>
  /** One statement, or several, in a transaction of plain pg, with the writer's context. */
  readonly pg: (statement: string) => Promise<unknown>
}

export interface Operation {
  readonly kind: string
  /** What fast-check shows of it. */
  readonly detail: unknown
  readonly isRolledBack: boolean
  readonly run: (shop: Shop) => Promise<unknown>
}

const ROLLBACK = new Error('rolled back on purpose')

const EXPECTED = /^(P2002|P2003|P2014|P2017|P2020|P2025|23505|22003|23503|21000|AU003)$/

/** Taken keys, missing parents, a number that grows too large, and a table that refuses TRUNCATE are part of the game; any other error is a fault. */
export async function takenApart(work: () => Promise<unknown>): Promise<'done' | 'refused'> {
  try {
    await work()
    return 'done'
  } catch (error) {
    if (error === ROLLBACK) return 'refused'
    const { code, message } = error as { code?: unknown; message?: unknown }
    const isExpected =
      EXPECTED.test(String(code)) || /Code: `(\w+)`/.exec(String(message))?.[1]?.match(EXPECTED)
    if (isExpected) return 'refused'
    throw error
  }
}

/** Between two statements of one text; stands in no value. */
const NEXT = ';\n'

const small = fc.integer({ min: 1, max: 5 })
const customer = small.map((n) => `00000000-0000-4000-8000-00000000000${n}`)
const slug = small.map((n) => `s${n}`)
const email = (id: string) => `${id}@example.com`
const literal = pg.escapeLiteral

const productData = fc.record({
  name: fc.string({ unit: 'grapheme', maxLength: 8 }).map((text) => text.replaceAll('\0', '')),
  price: fc.integer({ min: 0, max: 9_999_999 }).map((cents) => (cents / 100).toFixed(2)),
  tags: fc.array(fc.constantFrom('a', '', '"', 'NULL', '{}'), { maxLength: 3 }),
  sizes: fc.array(fc.integer({ min: -9, max: 9 }), { maxLength: 3 }),
  sellableOn: fc.subarray(['web', 'shop', 'phone']),
  details: fc.constantFrom({}, { a: [1, null] }, ['x'], 'text'),
  image: fc.uint8Array({ maxLength: 5 }),
})

/** Prisma's own calls; each may stand alone, in a batch or in an interactive transaction. */
const call: fc.Arbitrary<{
  kind: string
  detail: unknown
  on: (models: Shop['models']) => Promise<unknown>
}> = fc.oneof(
  fc.tuple(customer, fc.integer({ min: 1, max: 9 }), small).map(([id, order, product]) => ({
    kind: 'nested create',
    detail: { id, order, product },
    on: (models: Shop['models']) =>
      models.customer.create({
        data: {
          id,
          email: email(id),
          addresses: { create: [{ label: 'home', lines: ['a', ''] }, { label: 'work' }] },
          orders: {
            create: {
              id: BigInt(order),
              lines: { create: { lineNo: 1, price: '1.50', product: { connect: { id: product } } } },
            },
          },
        },
      }),
  })),
  fc.tuple(customer, fc.option(customer)).map(([id, referrer]) => ({
    kind: 'nested upsert',
    detail: { id, referrer },
    on: (models: Shop['models']) =>
      models.customer.upsert({
        where: { id },
        create: { id, email: email(id), addresses: { create: { label: 'new' } } },
        update: {
          points: { increment: 1 },
          channels: { push: 'phone' },
          ...(referrer === null ? {} : { referrer: { connect: { id: referrer } } }),
          addresses: {
            upsert: {
              where: { customerId_label: { customerId: id, label: 'home' } },
              create: { label: 'home' },
              update: { postcode: '1011 AB', label: 'moved' },
            },
          },
        },
      }),
  })),
  fc.tuple(customer, customer).map(([from, to]) => ({
    kind: 'key that cascades',
    detail: { from, to },
    on: (models: Shop['models']) =>
      models.customer.update({ where: { id: from }, data: { id: to, email: email(to) } }),
  })),
  fc.tuple(slug, slug).map(([from, to]) => ({
    kind: 'key of a tree',
    detail: { from, to },
    on: (models: Shop['models']) => models.category.update({ where: { slug: from }, data: { slug: to } }),
  })),
  fc.tuple(slug, slug).map(([child, parent]) => ({
    kind: 'connectOrCreate',
    detail: { child, parent },
    on: (models: Shop['models']) =>
      models.category.update({
        where: { slug: child },
        data: {
          parent: { connectOrCreate: { where: { slug: parent }, create: { slug: parent, title: 'p' } } },
        },
      }),
  })),
  fc
    .tuple(small, slug, fc.constantFrom('connect', 'disconnect', 'set', 'create'))
    .map(([id, category, how]) => ({
      kind: 'many to many',
      detail: { id, category, how },
      on: (models: Shop['models']) =>
        models.product.update({
          where: { id },
          data: {
            categories:
              how === 'create'
                ? {
                    connectOrCreate: {
                      where: { slug: category },
                      create: { slug: category, title: 'c' },
                    },
                  }
                : { [how]: how === 'set' ? [{ slug: category }] : { slug: category } },
          },
        }),
    })),
  fc.uniqueArray(slug, { minLength: 1 }).map((slugs) => ({
    kind: 'createMany',
    detail: slugs,
    on: (models: Shop['models']) =>
      models.category.createMany({
        data: slugs.map((each) => ({ slug: each, title: each })),
        skipDuplicates: true,
      }),
  })),
  fc.tuple(small, productData).map(([id, data]) => ({
    kind: 'upsert',
    detail: { id, data },
    on: (models: Shop['models']) =>
      models.product.upsert({ where: { id }, create: { ...data, id, sku: `p${id}` }, update: data }),
  })),
  fc.tuple(small, productData).map(([id, data]) => ({
    kind: 'createManyAndReturn',
    detail: { id, data },
    on: (models: Shop['models']) =>
      models.product.createManyAndReturn({
        data: [id, id + 1].map((each) => ({ ...data, id: each, sku: `p${each}` })),
        skipDuplicates: true,
      }),
  })),
  small.map((id) => ({
    kind: 'updateManyAndReturn',
    detail: id,
    on: (models: Shop['models']) =>
      models.product.updateManyAndReturn({ where: { id: { gte: id } }, data: { price: { increment: 1 } } }),
  })),
  small.map((id) => ({
    kind: 'createMany movements',
    detail: id,
    on: (models: Shop['models']) =>
      models.stockMovement.createMany({ data: [1, -1, 2].map((delta) => ({ productId: id, delta })) }),
  })),
  fc.tuple(small, small).map(([from, to]) => ({
    kind: 'updateMany',
    detail: { from, to },
    on: (models: Shop['models']) =>
      models.orderLine.updateMany({ where: { productId: from }, data: { lineNo: to } }),
  })),
  small.map((id) => ({
    kind: 'deleteMany',
    detail: id,
    on: (models: Shop['models']) => models.product.deleteMany({ where: { id } }),
  })),
  customer.map((id) => ({
    kind: 'delete that cascades',
    detail: id,
    on: (models: Shop['models']) => models.customer.delete({ where: { id } }),
  })),
  fc.tuple(fc.constantFrom('EUR', 'USD'), small).map(([currency, day]) => ({
    kind: 'upsert without a primary key',
    detail: { currency, day },
    on: (models: Shop['models']) => {
      const key = { currency, day: new Date(Date.UTC(2026, 0, day)) }
      return models.exchangeRate.upsert({
        where: { currency_day: key },
        create: { ...key, rate: '1.00000001' },
        update: { rate: { increment: 1 } },
      })
    },
  })),
)

function value(column: ValueColumn): fc.Arbitrary<string> {
  const isList = column.type.endsWith('[]')
  const values = valuesOf(column)
  // Of the tables that Prisma's calls read, its client takes no NULL inside a list.
  const element = fc.constantFrom(...values)
  const one = isList
    ? fc
        .array(column.table === 'Parcel' ? fc.option(element) : element, { maxLength: 3 })
        .map((items) => `{${items.map((item) => (item === null ? 'NULL' : JSON.stringify(item))).join()}}`)
    : element
  return column.notNull
    ? one.map(literal)
    : fc.option(one).map((text) => (text === null ? 'NULL' : literal(text)))
}

interface Statement {
  readonly kind: string
  readonly text: string
}

/** Not among them: one statement that deletes a key and inserts it again, whose order of triggers is a known limit. */
function anyStatement(columns: readonly ValueColumn[], major: number): fc.Arbitrary<Statement> {
  const tables = [...new Set(columns.map(({ table }) => table))]
  const assignment = fc.constantFrom(...tables).chain((table) => {
    const own = columns.filter((column) => column.table === table)
    return fc
      .tuple(
        ...own.map((column) =>
          fc.option(value(column).map((text) => `${pg.escapeIdentifier(column.column)} = ${text}`)),
        ),
      )
      .map((parts) => parts.filter((part) => part !== null))
      .filter((parts) => parts.length > 0)
      .map((parts) => ({
        kind: `values of every type in ${table}`,
        text: `UPDATE ${pg.escapeIdentifier(table)} SET ${parts.join(', ')}`,
      }))
  })
  const two = fc.tuple(small, small)
  const statements: fc.Arbitrary<Statement>[] = [
    assignment,
    assignment,
    two.map(([from, to]) => ({
      kind: 'multi-row ON CONFLICT',
      text: `INSERT INTO "Product Catalogue" (id, sku, name, price) SELECT g, 'p' || g, 'raw', g FROM generate_series(${from}, ${to}) g
        ON CONFLICT (id) DO UPDATE SET name = EXCLUDED.name || "Product Catalogue".name`,
    })),
    two.map(([n, order]) => ({
      kind: 'insert parcels',
      text: `INSERT INTO "Parcel" (barcode, grams, order_id) SELECT 'b' || g, g, (SELECT id FROM "order" WHERE id = ${order}) FROM generate_series(1, ${n}) g ON CONFLICT DO NOTHING`,
    })),
    two.map(([from, to]) => ({
      kind: 'primary keys of many rows',
      text: `UPDATE "Parcel" SET barcode = barcode || 'x' WHERE barcode BETWEEN 'b${from}' AND 'b${to}'`,
    })),
    two.map(([from, to]) => ({
      kind: 'key that cascades into composite keys',
      text: `UPDATE "order" SET id = ${to} WHERE id = ${from}`,
    })),
    two.map(([order, product]) => ({
      kind: 'payments',
      text: `INSERT INTO "Payment" (id, order_id, method, amount) SELECT gen_random_uuid(), id, 'cash', ${product} FROM "order" WHERE id = ${order}`,
    })),
    two.map(([from, to]) => ({
      kind: 'connections',
      text: `INSERT INTO "_CategoryToProduct" ("A", "B") SELECT slug, id FROM "Category", "Product Catalogue" WHERE id BETWEEN ${from} AND ${to}
        ON CONFLICT DO NOTHING`,
    })),
    two.map(([from, to]) => ({
      kind: 'reviews',
      text: `INSERT INTO "Review" (product_id, stars) SELECT id, ${from} FROM "Product Catalogue" WHERE id >= ${to}`,
    })),
    two.map(([from, to]) => ({
      kind: 'CTE on two tables',
      text: `WITH gone AS (DELETE FROM "StockMovement" WHERE "productId" = ${from} RETURNING "productId")
        UPDATE "Product Catalogue" SET "weight kg" = ${to} WHERE id IN (SELECT "productId" FROM gone)`,
    })),
    fc
      .constantFrom(
        '"StockMovement"',
        '"Parcel", exchange_rates',
        '"Category" CASCADE',
        '"Product Catalogue" CASCADE',
      )
      .map((what) => ({ kind: `TRUNCATE ${what}`, text: `TRUNCATE ${what}` })),
    fc.constant({ kind: 'TRUNCATE that reaches a table that refuses', text: 'TRUNCATE "order" CASCADE' }),
    two.map(([one, other]) => ({
      kind: 'savepoints',
      text: [
        'SAVEPOINT a',
        `INSERT INTO exchange_rates VALUES ('GBP', '2026-02-0${one}', 1) ON CONFLICT DO NOTHING`,
        'ROLLBACK TO a',
        `UPDATE exchange_rates SET rate = ${other}`,
        'SAVEPOINT b',
        'DELETE FROM exchange_rates',
        'ROLLBACK TO b',
      ].join(NEXT),
    })),
  ]
  if (major >= 15) {
    statements.push(
      two.map(([from, to]) => ({
        kind: 'MERGE',
        text: `MERGE INTO exchange_rates t USING generate_series(1, 5) s ON t.currency = 'JPY' AND t.day = date '2026-01-01' + s
          WHEN MATCHED AND s = ${from} THEN DELETE WHEN MATCHED THEN UPDATE SET rate = ${to}
          WHEN NOT MATCHED AND s <> ${from} THEN INSERT (currency, day, rate) VALUES ('JPY', date '2026-01-01' + s, 1)`,
      })),
    )
  }
  return fc.oneof(...statements)
}

/** One operation of one writer: a call alone, a batch, an interactive transaction, or raw SQL. */
export function anyOperation({
  columns,
  major,
}: {
  readonly columns: readonly ValueColumn[]
  readonly major: number
}): fc.Arbitrary<Operation> {
  const statement = anyStatement(columns, major)
  const calls = fc.array(call, { minLength: 1, maxLength: 3 })
  const details = (list: readonly { kind: string; detail: unknown }[]) =>
    list.map(({ kind, detail }) => [kind, detail])
  return fc.oneof(
    {
      weight: 6,
      arbitrary: call.map(
        ({ kind, detail, on }): Operation => ({
          kind,
          detail,
          isRolledBack: false,
          run: (shop) => on(shop.models),
        }),
      ),
    },
    {
      weight: 2,
      arbitrary: calls.map(
        (list): Operation => ({
          kind: 'batch',
          detail: details(list),
          isRolledBack: false,
          run: (shop) => shop.prisma.$transaction(list.map(({ on }) => on(shop.models))),
        }),
      ),
    },
    {
      weight: 3,
      arbitrary: fc.tuple(calls, statement, fc.boolean()).map(
        ([list, raw, isRolledBack]): Operation => ({
          kind: 'interactive',
          detail: [...details(list), raw.text],
          isRolledBack,
          run: (shop) =>
            shop.prisma.$transaction(async (tx: Transaction<Models>) => {
              for (const { on } of list) await on(tx)
              for (const text of raw.text.split(NEXT)) await tx.$executeRawUnsafe(text)
              if (isRolledBack) throw ROLLBACK
            }),
        }),
      ),
    },
    {
      weight: 5,
      arbitrary: statement.map(
        ({ kind, text }): Operation => ({
          kind,
          detail: text,
          isRolledBack: false,
          run: (shop) => shop.pg(text),
        }),
      ),
    },
    {
      weight: 2,
      arbitrary: statement
        .filter(({ text }) => !text.includes(NEXT))
        .map(
          ({ kind, text }): Operation => ({
            kind,
            detail: text,
            isRolledBack: false,
            run: (shop) => shop.prisma.$executeRawUnsafe(text),
          }),
        ),
    },
  )
}
