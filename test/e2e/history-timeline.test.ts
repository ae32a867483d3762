import { Buffer } from 'node:buffer'
import { beforeAll, describe, expect, test } from 'vitest'
import {
  comparable,
  delegateOf,
  delegates,
  type Row,
  type ShopHistory,
  useShopHistory,
} from './history/shop-history.ts'

let shop: ShopHistory
let db: ShopHistory['db']

beforeAll(async () => {
  shop = await useShopHistory()
  db = shop.db
}, 120_000)

const uuid = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`
let number = 0
const newCustomer = (data: Row = {}) => {
  number += 1
  return db.customer.create({
    data: { id: uuid(number), email: `${number}@example.com`, ...data },
  }) as Promise<{
    id: string
  }>
}
const timeline = (model: string, where: Row, args: Row = {}) =>
  delegateOf(db, model).history({ where, ...args })

test('an entry holds the row in the types of the model: what findUnique gives, field by field', async () => {
  const customer = await newCustomer({
    name: 'Ann',
    creditLimit: '12.3400',
    lifetimeCents: 12345678901234n,
    rating: 1.1,
    birthday: new Date('2000-01-02'),
    preferences: { a: [1, null] },
    publicKey: Buffer.from('abc'),
    channels: ['web', 'phone'],
  })
  const product = await db.product.create({
    data: {
      sku: 'types',
      name: 'P',
      status: 'onSale',
      price: '9.90',
      weight: 1.5,
      tags: ['a', '"'],
      sizes: [1, 2],
      sellableOn: ['phone'],
      details: 'text',
      manual: { b: 1 },
      image: Buffer.from('x'),
      releaseDate: new Date('2001-02-03'),
      withdrawnAt: new Date(),
    },
  })
  const order = await db.order.create({
    data: {
      customerId: customer.id,
      channel: 'phone',
      total: '5.00',
      exact: '1.23456789012345678901234567890',
      clientIp: '10.0.0.1',
      deliverAt: new Date('1970-01-01T10:11:12.123Z'),
    },
  })
  await db.parcel.create({
    data: {
      barcode: 'types',
      orderId: order.id,
      grams: 4,
      carrierOid: 3_000_000,
      insured: '12.50',
      length: 2.5,
      flags: '10101010',
      route: '101',
      label: '<a/>',
      pickupAt: new Date('1970-01-01T10:11:12.123Z'),
      sentAt: new Date(),
      scans: [new Date()],
      weights: ['1.500'],
      checkpoints: [1n],
      signatures: [Buffer.from('q')],
      events: [{ a: 1 }, 'x'],
      handlers: [customer.id],
      codes: [1.5],
      answers: [true, false],
    },
  })
  await db.address.create({ data: { customerId: customer.id, label: 'home', lines: ['a', ''] } })
  await db.category.create({ data: { slug: 'types', title: 'T' } })
  await db.orderLine.create({ data: { orderId: order.id, lineNo: 1, productId: product.id, price: '1.00' } })
  await db.payment.create({
    data: { orderId: order.id, method: 'cash', amount: '1.10', response: { ok: true } },
  })
  await db.stockMovement.create({ data: { productId: product.id, delta: -1, user: 'u' } })
  await db.exchangeRate.create({
    data: { currency: 'USD', day: new Date('2026-01-01'), rate: '1.00000001' },
  })
  await db.review.create({ data: { productId: product.id, stars: 5 } })
  for (const [name, model] of delegates(shop.models)) {
    const [entry] = (await delegateOf(db, name).history({ take: 1 })).entries
    const live = await delegateOf(db, name).findMany()
    expect({ name, row: comparable(model, [entry?.row ?? {}]) }).toEqual({
      name,
      row: comparable(model, live),
    })
    expect(Object.keys(entry?.row ?? {})).toEqual(Object.keys(model.fields))
    const asOf = await delegateOf(db, name).asOf(new Date())
    expect({ name, rows: comparable(model, asOf.rows) }).toEqual({ name, rows: comparable(model, live) })
  }
  expect((await timeline('product', { sku: 'types' })).entries[0]?.row).not.toHaveProperty('searchText')
})

test('changes say field, before and after; enum values are those of Prisma', async () => {
  const { id } = await newCustomer({ name: 'one', channels: ['web'] })
  await db.customer.update({ where: { id }, data: { name: null, channels: ['phone'], points: 7 } })
  await db.customer.delete({ where: { id } })
  const { entries } = await timeline('customer', { id })
  expect(entries.map(({ operation }) => operation)).toEqual(['D', 'U', 'I'])
  const [gone, changed, made] = entries
  expect(changed?.changes?.filter(({ field }) => field !== 'updatedAt')).toEqual([
    { field: 'name', before: 'one', after: null },
    { field: 'points', before: 0, after: 7 },
    { field: 'channels', before: ['web'], after: ['phone'] },
  ])
  expect(made?.changes).toContainEqual({ field: 'channels', before: null, after: ['web'] })
  expect(made?.changes).not.toContainEqual(expect.objectContaining({ field: 'birthday' }))
  expect(gone?.changes).toContainEqual({ field: 'points', before: 7, after: null })
})

test('the first write to a row that is older than its audit has no known changes', async () => {
  const { plain } = shop
  const id = uuid(9001)
  await plain.query('ALTER TABLE customers DISABLE TRIGGER USER')
  await plain.query('INSERT INTO customers (id, email, updated_at) VALUES ($1, $2, now())', [
    id,
    'old@example.com',
  ])
  await plain.query('ALTER TABLE customers ENABLE TRIGGER USER')
  const before = new Date()
  expect(await db.customer.asOf(before, { where: { id } })).toMatchObject({ rows: [{ id }], unknown: [] })
  await db.customer.update({ where: { id }, data: { points: 1 } })
  const { entries } = await timeline('customer', { id })
  expect(entries).toMatchObject([{ operation: 'U', changes: null, row: { points: 1 } }])
  const then = await db.customer.asOf(before, { where: { id } })
  expect(then).toMatchObject({ rows: [], unknown: [{ id }], isComplete: false })
  const blame = await db.customer.blame({ where: { id } })
  expect(blame.email).toBeNull()
})

test('a row that was never written reads from the live table, and coverageFrom says since when that is sure', async () => {
  const { plain } = shop
  const id = uuid(9002)
  await plain.query('ALTER TABLE customers DISABLE TRIGGER USER')
  await plain.query('INSERT INTO customers (id, email, updated_at) VALUES ($1, $2, now())', [
    id,
    'never@example.com',
  ])
  await plain.query('ALTER TABLE customers ENABLE TRIGGER USER')
  const first = (await db.customer.history({ order: 'asc', take: 1 })).entries[0]
  const now = await db.customer.asOf(new Date(), { where: { id } })
  expect(now).toMatchObject({ rows: [{ id, email: 'never@example.com' }], isComplete: true })
  expect(now.coverageFrom).toEqual(first?.at)
  const long = await db.customer.asOf(new Date('2020-01-01'), { where: { id } })
  expect(long).toMatchObject({ rows: [{ id }], isComplete: false })
})

test('a deleted row was there before, as its D says, also when nothing else was ever written of it', async () => {
  const { plain } = shop
  const id = uuid(9003)
  await plain.query('ALTER TABLE customers DISABLE TRIGGER USER')
  await plain.query('INSERT INTO customers (id, email, updated_at) VALUES ($1, $2, now())', [
    id,
    'd@example.com',
  ])
  await plain.query('ALTER TABLE customers ENABLE TRIGGER USER')
  const before = new Date()
  await db.customer.delete({ where: { id } })
  expect((await db.customer.asOf(before, { where: { id } })).rows).toMatchObject([{ email: 'd@example.com' }])
  expect((await db.customer.asOf(new Date(), { where: { id } })).rows).toEqual([])
})

describe('who, when and what', () => {
  test('by, from, to, operations and conditions on the row choose the entries', async () => {
    const { id } = await newCustomer({ points: 1 })
    await new Promise((resolve) => setTimeout(resolve, 5))
    const start = new Date()
    const { auditContext } = await shop.audited.project.importModule<{
      auditContext: (context: object) => never
    }>('generated/audit/index.ts')
    const bob = db.$extends(auditContext({ username: 'bob', reason: 'gift' })) as unknown as typeof db
    await new Promise((resolve) => setTimeout(resolve, 5))
    await bob.customer.update({ where: { id }, data: { points: 50 } })
    await db.customer.update({ where: { id }, data: { points: 60 } })
    const points = async (args: Row) =>
      (await timeline('customer', { id }, args)).entries.map(({ row }) => row.points)
    expect(await points({})).toEqual([60, 50, 1])
    expect(await points({ by: { username: 'bob' } })).toEqual([50])
    expect(await points({ by: { username: 'bob', reason: 'no' } })).toEqual([])
    expect(await points({ by: { reason: null } })).toEqual([60, 1])
    expect(await points({ from: start })).toEqual([60, 50])
    expect(await points({ to: start })).toEqual([1])
    expect(await points({ operations: ['I'] })).toEqual([1])
    expect(await points({ where: { id, points: { gte: 50, lt: 60 } } })).toEqual([50])
    expect(await points({ where: { AND: [{ id }, { NOT: { points: 50 } }] } })).toEqual([60, 1])
    expect(await points({ where: { id, OR: [{ points: 1 }, { points: { in: [60] } }] } })).toEqual([60, 1])
    expect(await points({ where: { id, email: { startsWith: '%' } } })).toEqual([])
    const [entry] = (await timeline('customer', { id }, { by: { username: 'bob' } })).entries
    expect(entry?.context).toEqual({ username: 'bob', reason: 'gift', request_id: null })
    const { transaction } = entry ?? {}
    expect((await timeline('customer', {}, { transaction })).entries).toMatchObject([{ row: { points: 50 } }])
    const blame = await db.customer.blame({ where: { id } })
    expect(blame.points?.context.username).toBe('ann')
    expect(blame.email?.operation).toBe('I')
  })

  test('a value is compared as it is, never cut or rounded to the limits of the column', async () => {
    const day = new Date('2027-01-01')
    await db.exchangeRate.create({ data: { currency: 'CHF', day, rate: '1.50000000' } })
    const [{ rate }] = (await timeline('exchangeRate', { currency: 'CHF', day })).entries.map(
      ({ row }) => row,
    ) as [Row]
    expect(String(rate)).toBe('1.5')
    const found = async (model: 'exchangeRate' | 'parcel' | 'customer', where: Row) =>
      (await timeline(model, where)).entries.length
    expect(await found('exchangeRate', { currency: 'CHFX', day })).toBe(0)
    expect((await db.exchangeRate.asOf(new Date(), { where: { currency: 'CHFX', day } })).rows).toEqual([])
    expect(await found('exchangeRate', { currency: { in: ['CHF'] }, rate: '1.5' })).toBe(1)
    expect(await found('exchangeRate', { rate: '1.500000001' })).toBe(0)
    expect(await found('exchangeRate', { currency: 'CHF', rate: { lt: '1.500000001' } })).toBe(1)
    await db.parcel.create({ data: { barcode: 'bits', grams: 1, flags: '10000000', route: '101' } })
    expect(await found('parcel', { barcode: 'bits', flags: '10000000', route: '101' })).toBe(1)
    expect(await found('parcel', { barcode: 'bits', flags: '1' })).toBe(0)
    const { id } = await newCustomer({ countryCode: 'DE' })
    expect(await found('customer', { id, countryCode: 'DE' })).toBe(1)
    expect(await found('customer', { id, countryCode: 'DEU' })).toBe(0)
  })

  test.each([
    [{ where: { nme: 'x' } }, /no field "nme"/],
    [{ where: { email: { like: 'x' } } }, /condition "like" on "email"/],
    [{ where: { points: 'many' } }, /value for "points" is no Int/],
    [{ where: { preferences: {} } }, /cannot be searched by "preferences"/],
    [{ by: { user: 'x' } }, /no setting "user"/],
    [{ take: 0 }, /"take"/],
    [{ cursor: 'x' }, /no cursor/],
    [{ operations: ["I','x"] }, /no operation/],
    [{ from: 'yesterday' }, /"from" must be a valid Date/],
  ])('%j is refused with a message that says what is wrong', async (args, message) => {
    const question = db.customer.history(args)
    await expect(question).rejects.toThrow(message)
    await expect(question).rejects.toMatchObject({ name: 'AuditHistoryError', code: 'INVALID_ARGUMENT' })
  })
})

describe('pages', () => {
  test.each(['asc', 'desc'] as const)(
    '%s: neither miss nor double an entry while writers commit out of order',
    async (order) => {
      const slow = await shop.plain.connect()
      try {
        const { id } = await newCustomer()
        await slow.query(`BEGIN; SELECT set_config('audit.username', 'slow', true)`)
        await slow.query(`INSERT INTO "Category" (slug, title) VALUES ($1, 'low id')`, [`${order}-slow`])
        for (const n of [1, 2, 3, 4]) await db.category.create({ data: { slug: `${order}-${n}`, title: id } })
        const ids: bigint[] = []
        const first = await db.category.history({
          where: { slug: { startsWith: `${order}-` } },
          order,
          take: 2,
        })
        ids.push(...first.entries.map(({ auditId }) => auditId))
        await slow.query('COMMIT')
        await db.category.create({ data: { slug: `${order}-5`, title: id } })
        let cursor = first.nextCursor
        while (cursor !== null) {
          const page = await db.category.history({
            where: { slug: { startsWith: `${order}-` } },
            order,
            take: 2,
            cursor,
          })
          ids.push(...page.entries.map(({ auditId }) => auditId))
          cursor = page.nextCursor
        }
        expect(ids).toHaveLength(4)
        expect(new Set(ids).size).toBe(4)
        const anew = await db.category.history({ where: { slug: { startsWith: `${order}-` } }, order })
        expect(anew.entries).toHaveLength(6)
      } finally {
        slow.release()
      }
    },
  )

  test('of several histories are in order of writing, each entry once', async () => {
    const { id } = await newCustomer()
    const order = await db.order.create({ data: { customerId: id } })
    const product = await db.product.create({ data: { sku: `page ${id.slice(-12)}`, name: 'P', price: 1 } })
    for (const lineNo of [1, 2, 3]) {
      await db.orderLine.create({ data: { orderId: order.id, lineNo, productId: product.id, price: 1 } })
      await db.order.update({ where: { id: order.id }, data: { total: lineNo } })
    }
    const whole = await db.order.historyWith({ where: { id: order.id }, include: { lines: true } })
    expect(whole.entries.map(({ model, operation }) => `${model} ${operation}`)).toEqual([
      'Order U',
      'OrderLine I',
      'Order U',
      'OrderLine I',
      'Order U',
      'OrderLine I',
      'Order I',
    ])
    const paged = []
    let cursor: string | null | undefined
    do {
      const page = await db.order.historyWith({
        where: { id: order.id },
        include: { lines: true },
        take: 2,
        ...(cursor ? { cursor } : {}),
      })
      paged.push(...page.entries)
      cursor = page.nextCursor
    } while (cursor)
    expect(paged).toEqual(whole.entries)
  })
})

test('a line that moved to another order is in the history of both', async () => {
  const { id } = await newCustomer()
  const [from, to] = [
    await db.order.create({ data: { customerId: id } }),
    await db.order.create({ data: { customerId: id } }),
  ]
  await db.payment.create({ data: { orderId: from.id, method: 'cash', amount: 1 } })
  await db.payment.updateMany({ where: { orderId: from.id as bigint }, data: { orderId: to.id } })
  const of = async (order: Row) =>
    (await db.order.historyWith({ where: { id: order.id }, include: { payments: true } })).entries
      .filter(({ model }) => model === 'Payment')
      .map(({ operation }) => operation)
  expect(await of(from)).toEqual(['U', 'I'])
  expect(await of(to)).toEqual(['U'])
})

test('everything that one transaction changed, over all models, in order and each with its model', async () => {
  const { id } = await newCustomer()
  await db.$transaction(async (tx) => {
    await tx.order.create({ data: { customerId: id, payments: { create: { method: 'card', amount: 3 } } } })
    await tx.product.create({
      data: { sku: 'tx', name: 'P', price: 1, categories: { create: { slug: 'tx', title: 'T' } } },
    })
  })
  const [order] = (await db.order.history({ take: 1 })).entries
  const { entries } = await db.$history({ transaction: order?.transaction })
  expect(entries.map(({ model, operation }) => `${model} ${operation}`).sort()).toEqual([
    'Category I',
    'Order I',
    'Payment I',
    'Product I',
    '_CategoryToProduct I',
  ])
  expect(entries[0]?.model).toBe('Order')
  expect(entries.find(({ model }) => model === 'Payment')?.row).not.toHaveProperty('iban')
  const only = await db.$history({ transaction: order?.transaction, models: ['Payment'] })
  expect(only.entries).toHaveLength(1)
})

test('as of a moment brings the relations of that moment', async () => {
  const { id } = await newCustomer({ name: 'then' })
  const order = await db.order.create({
    data: { customerId: id, payments: { create: { method: 'cash', amount: 1 } } },
  })
  const [entry] = (await db.order.history({ where: { id: order.id }, take: 1 })).entries
  const moment = new Date()
  await new Promise((resolve) => setTimeout(resolve, 5))
  await db.customer.update({ where: { id }, data: { name: 'now' } })
  await db.payment.deleteMany({ where: { orderId: order.id as bigint } })
  await db.payment.create({ data: { orderId: order.id, method: 'card', amount: 2 } })
  const args = { where: { id: order.id }, include: { payments: true, customer: true, lines: true } }
  const then = await db.order.asOf(moment, args)
  expect(then.rows).toMatchObject([{ customer: { name: 'then' }, payments: [{ method: 'cash' }], lines: [] }])
  const now = await db.order.asOf(new Date(), args)
  expect(now.rows).toMatchObject([{ customer: { name: 'now' }, payments: [{ method: 'card' }], lines: [] }])
  const after = await db.order.asOf({ transaction: entry?.transaction }, args)
  expect(after.rows).toEqual(then.rows)
  await expect(db.order.asOf({ transaction: { id: 1n, startedAt: new Date() } })).rejects.toMatchObject({
    code: 'NOT_FOUND',
  })
  await expect(db.order.asOf({ auditId: 99999n })).rejects.toMatchObject({ code: 'NOT_FOUND' })
})

test('as of a moment brings the connections of a many-to-many relation, from both ends', async () => {
  await db.category.createMany({ data: ['m1', 'm2', 'm3'].map((slug) => ({ slug, title: slug })) })
  const connect = [{ slug: 'm1' }, { slug: 'm2' }]
  const { id } = (await db.product.create({
    data: { sku: 'm2m', name: 'P', price: 1, categories: { connect } },
  })) as { id: number }
  const moment = new Date()
  await new Promise((resolve) => setTimeout(resolve, 5))
  await db.product.update({ where: { id }, data: { categories: { set: [{ slug: 'm3' }] } } })
  const slugs = async (when: Date) => {
    const { rows } = await db.product.asOf(when, { where: { id }, include: { categories: true } })
    return ((rows[0]?.categories ?? []) as Row[]).map(({ slug }) => slug)
  }
  expect(await slugs(moment)).toEqual(['m1', 'm2'])
  expect(await slugs(new Date())).toEqual(['m3'])
  const { rows } = await db.category.asOf(moment, {
    where: { slug: { in: ['m1', 'm3'] } },
    include: { products: true },
  })
  expect(rows).toMatchObject([
    { slug: 'm1', products: [{ id }] },
    { slug: 'm3', products: [] },
  ])
  const { entries } = await db.product.historyWith({
    where: { id },
    include: { categories: true },
    order: 'asc',
  })
  expect(
    entries.map(({ model, operation, row }) => `${model} ${operation} ${row.category_slug ?? ''}`.trim()),
  ).toEqual([
    'Product I',
    '_CategoryToProduct I m1',
    '_CategoryToProduct I m2',
    '_CategoryToProduct D m1',
    '_CategoryToProduct D m2',
    '_CategoryToProduct I m3',
  ])
})

test('orderBy and take work on the values of that moment', async () => {
  const ids = []
  for (const points of [3, 1, 2]) ids.push((await newCustomer({ points: points + 1000 })).id)
  const moment = new Date()
  await new Promise((resolve) => setTimeout(resolve, 5))
  await db.customer.updateMany({ where: { id: { in: ids } }, data: { points: 0 } })
  const where = { points: { gt: 1000 } }
  const { rows } = await db.customer.asOf(moment, { where, orderBy: { points: 'desc' }, take: 2 })
  expect(rows.map(({ points }) => points)).toEqual([1003, 1002])
})

test('the stream gives every entry of a history in order of writing, a page at a time', async () => {
  const ids: bigint[] = []
  for await (const entry of db.customer.historyStream({ take: 3 })) ids.push(entry.auditId)
  const { rows } = await shop.plain.query<{ id: string }>(
    'SELECT audit_id AS id FROM audit.customers_audit ORDER BY 1',
  )
  expect(ids).toEqual(rows.map(({ id }) => BigInt(id)))
})
