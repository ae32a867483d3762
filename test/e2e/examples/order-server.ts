import { expect, test } from 'vitest'
import type { Example } from './example.ts'
import { everything, historyOf } from './order-history.ts'
import { open, type Request, send } from './requests.ts'

/** How a server wants to be asked, and what it answers with. */
export interface OrderRoutes {
  create(order: { customer: string; total: string }): Request
  change(id: unknown, body: { status?: string }): Request
  history(id: number): Request
  /** What an answer's body holds. */
  result(body: unknown): unknown
}

/** Plain HTTP, as most of the examples have it. */
export const restRoutes: OrderRoutes = {
  create: (body) => ({ method: 'POST', path: '/orders', body }),
  change: (id, body) => ({ method: 'PATCH', path: `/orders/${id}`, body }),
  history: (id) => ({ method: 'GET', path: `/orders/${id}/history` }),
  result: (body) => body,
}

/** Registers the tests of a server that keeps orders. */
export function testOrderServer(example: Example, routes: OrderRoutes = restRoutes): void {
  const { database } = example
  const ask = (request: Request, user?: string) => send(example.ready, request, user)

  async function createOrder(user: string, total = '13.50'): Promise<number> {
    const answer = await ask(routes.create({ customer: 'Eve', total }), user)
    const order = routes.result(answer.body) as { id: number }
    expect(order).toMatchObject({ id: expect.any(Number), customer: 'Eve', status: 'open' })
    return order.id
  }

  test('two users write to one order at the same time, and its history says who did what in which request', async () => {
    const id = await createOrder('ann')
    const users = Array.from({ length: 40 }, (_, number) => (number % 2 === 0 ? 'ann' : 'bob'))
    // All are inside the server before the first one writes.
    const opened = await Promise.all(
      users.map((user, number) =>
        open(example.ready, routes.change(id, { status: `${user} ${number}` }), user),
      ),
    )
    const changes = await Promise.all(
      opened.map(async (finish, number) => {
        const { status, requestId } = await finish()
        expect(status).toBe(200)
        const username = users[number]
        return { operation: 'U', username, status: `${username} ${number}`, request_id: requestId }
      }),
    )
    const [created, ...updates] = await historyOf(database, id)
    expect(created).toMatchObject({ operation: 'I', username: 'ann', status: 'open' })
    expect(updates).toHaveLength(changes.length)
    expect(updates).toEqual(expect.arrayContaining(changes))
    expect(new Set(changes.map(({ request_id }) => request_id)).size).toBe(changes.length)
  })

  test('the history is read through the server as it is in the database', async () => {
    const id = await createOrder('ann')
    await ask(routes.change(id, { status: 'paid' }), 'bob')
    const { body } = await ask(routes.history(id), 'ann')
    const recorded = await historyOf(database, id)
    expect(recorded.map(({ username }) => username)).toEqual(['ann', 'bob'])
    expect(routes.result(body)).toMatchObject(recorded)
  })

  test('an error in a transaction takes its writes back, and leaves no history of them', async () => {
    const id = await createOrder('ann', '0')
    const before = await everything(database)
    expect((await ask(routes.change(id, { status: 'paid' }), 'ann')).status).toBe(409)
    expect(await everything(database)).toEqual(before)
    expect((await ask(routes.change(id, { status: 'closed' }), 'ann')).status).toBe(200)
  })

  test('a request without a user is answered with 401 and writes nothing', async () => {
    const id = await createOrder('ann')
    const before = await everything(database)
    for (const user of [undefined, '', ' ']) {
      const created = await ask(routes.create({ customer: 'Eve', total: '1.00' }), user)
      const changed = await ask(routes.change(id, { status: 'paid' }), user)
      expect([created.status, changed.status]).toEqual([401, 401])
    }
    expect(await everything(database)).toEqual(before)
  })

  test('a request that cannot be carried out is answered with 400 or 404 and leaves no history', async () => {
    const id = await createOrder('ann')
    const before = await everything(database)
    const answers = [
      await ask(routes.create({ customer: 'Eve', total: 'much' }), 'ann'),
      await ask({ ...routes.create({ customer: '', total: '' }), body: '{"customer"' }, 'ann'),
      await ask(routes.change(id, {}), 'ann'),
      await ask(routes.change('first', { status: 'paid' }), 'ann'),
      await ask(routes.change(999_999_999, { status: 'paid' }), 'ann'),
    ]
    expect(answers.map(({ status }) => status)).toEqual([400, 400, 400, 400, 404])
    expect(await everything(database)).toEqual(before)
  })
}
