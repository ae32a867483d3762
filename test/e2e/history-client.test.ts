import { beforeAll, describe, expect, test } from 'vitest'
import { type HistoryClient, importHistory } from './history/shop-history.ts'
import { importAudit, install, openClient, useProject } from './main-path/audited-project.ts'

const schema = `generator client {
  provider = "prisma-client"
  output   = "../generated/client"
}

generator js {
  provider = "prisma-client-js"
  output   = "../generated/js"
}

generator audit {
  provider        = "prisma-generator-audit"
  output          = "../generated/audit"
  sessionSettings = ["username String"]
}

datasource db {
  provider = "postgresql"
}

/// @audit(enabled)
model Order {
  id    Int     @id
  total Decimal
  lines Line[]
}

/// @audit(enabled)
model Line {
  id      Int   @id
  orderId Int
  order   Order @relation(fields: [orderId], references: [id], onDelete: Cascade)
}
`

type Db = HistoryClient<'order' | 'line'>
const audited = await useProject({ schema })
beforeAll(async () => {
  await install(audited)
}, 120_000)

describe.each([
  ['prisma-client', 'generated/client/client.ts', 100],
  ['prisma-client-js', 'generated/js/index.js', 200],
])('%s', (_name, path, id) => {
  let db: Db

  beforeAll(async () => {
    const { auditContext } = await importAudit(audited)
    const { auditHistory } = await importHistory(audited)
    const client = await openClient<'order' | 'line'>(audited, { path })
    db = client.$extends(auditContext({ username: 'ann' })).$extends(auditHistory()) as unknown as Db
    await db.order.create({ data: { id, total: '1.50', lines: { create: [{ id }, { id: id + 1 }] } } })
    await db.order.update({ where: { id }, data: { total: 2 } })
  })

  test('reads timelines and rows as of a moment', async () => {
    const { entries } = await db.order.history({ where: { id } })
    expect(entries).toMatchObject([
      { operation: 'U', context: { username: 'ann' }, changes: [{ field: 'total' }] },
      { operation: 'I' },
    ])
    const { rows } = await db.order.asOf(
      { transaction: entries[1]?.transaction },
      { where: { id }, include: { lines: true } },
    )
    expect(rows).toEqual([
      {
        ...(await db.order.findMany({ where: { id } }))[0],
        total: entries[1]?.row.total,
        lines: await db.line.findMany({ where: { orderId: id } }),
      },
    ])
  })

  test('in an interactive transaction it reads what the transaction wrote, page by page, and what is rolled back leaves nothing', async () => {
    const stop = new Error('rolled back')
    const work = db.$transaction(async (tx) => {
      const inside = tx as unknown as Db
      await inside.order.update({ where: { id }, data: { total: 3 } })
      const first = await inside.order.history({ where: { id }, take: 1 })
      expect(first.entries).toMatchObject([{ row: { id }, operation: 'U' }])
      const rest = await inside.order.history({ where: { id }, take: 5, cursor: first.nextCursor })
      expect(rest.entries).toHaveLength(2)
      expect(
        String((await inside.order.asOf(new Date(Date.now() + 1000), { where: { id } })).rows[0]?.total),
      ).toBe('3')
      throw stop
    })
    await expect(work).rejects.toBe(stop)
    expect((await db.order.history({ where: { id } })).entries).toHaveLength(2)
  })

  test('reverts a row, a deleted one with all that went with it, and takes that back', async () => {
    const [newest, made] = (await db.order.history({ where: { id } })).entries
    const plan = await db.order.planRevert({
      where: { id },
      to: { auditId: made?.auditId },
      seen: newest?.auditId,
    })
    await db.$revert(plan)
    expect(String((await db.order.findMany({ where: { id } }))[0]?.total)).toBe('1.5')
    await db.order.delete({ where: { id } })
    const [gone] = (await db.order.history({ where: { id }, take: 1 })).entries
    const whole = await db.$planRevert({ transaction: gone?.transaction })
    expect(whole.steps).toHaveLength(3)
    const undone = await db.$revert(whole)
    expect(await db.line.findMany({ where: { orderId: id } })).toHaveLength(2)
    const { entries } = await db.$history({ transaction: undone })
    expect(entries.map(({ model, operation, context }) => [model, operation, context.username])).toEqual([
      ['Order', 'I', 'ann'],
      ['Line', 'I', 'ann'],
      ['Line', 'I', 'ann'],
    ])
    await db.$revert(await db.$planRevert({ transaction: undone }))
    expect(await db.order.findMany({ where: { id } })).toEqual([])
  })
})

test("a revert is recorded as its caller's, in whatever order the extensions came, alone and in a transaction", async () => {
  const { auditContext } = await importAudit(audited)
  const { auditHistory } = await importHistory(audited)
  const client = await openClient<'order' | 'line'>(audited)
  const nothing = { model: { $allModels: { nothing: () => undefined } } } as unknown as ReturnType<
    typeof auditHistory
  >
  const orders = {
    ann: client.$extends(auditContext({ username: 'ann' })).$extends(auditHistory()),
    bob: client.$extends(auditHistory()).$extends(auditContext({ username: 'bob' })),
    cid: client
      .$extends(auditContext({ username: 'nobody' }))
      .$extends(auditHistory())
      .$extends(nothing)
      .$extends(auditContext({ username: 'cid' })),
  } as unknown as Readonly<Record<string, Db>>
  let id = 300
  for (const [username, db] of Object.entries(orders)) {
    id += 1
    await db.order.create({ data: { id, total: 1 } })
    for (const inside of [false, true]) {
      const work = async (tx: Db) => {
        await tx.order.update({ where: { id }, data: { total: 2 } })
        const { entries } = await tx.order.history({ where: { id } })
        const [newest, first] = [entries[0], entries.at(-1)]
        const to = { auditId: first?.auditId }
        await tx.$revert(await tx.order.planRevert({ where: { id }, to, seen: newest?.auditId }))
      }
      await (inside ? db.$transaction((tx) => work(tx as unknown as Db)) : work(db))
    }
    const { entries } = await db.order.history({ where: { id } })
    expect(entries.map(({ context, row }) => `${context.username} ${row.total}`)).toEqual(
      ['1', '2', '1', '2', '1'].map((total) => `${username} ${total}`),
    )
  }
})
