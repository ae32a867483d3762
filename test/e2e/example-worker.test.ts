import { randomUUID } from 'node:crypto'
import { expect, test, vi } from 'vitest'
import { useExample } from './examples/example.ts'
import { everything, historyOf } from './examples/order-history.ts'

const { database } = await useExample('worker', { sentence: /^Waiting for jobs$/ })

async function createOrder(total = '13.50'): Promise<number> {
  const [order] = await database.query<{ id: number }>(
    `WITH context AS MATERIALIZED (SELECT audit.set_context('{"username": "ann"}'))
     INSERT INTO "Order" (customer, total) SELECT 'Eve', $1 FROM context RETURNING id`,
    [total],
  )
  if (!order) throw new Error('No order was made.')
  return order.id
}

const queue = (task: string, payload: object, attempts = 25) =>
  database.query('SELECT graphile_worker.add_job($1, $2, max_attempts => $3)', [task, payload, attempts])

/** Jobs that wait, run or will be tried again. One that has failed for good stays where it is. */
const open = () =>
  database.query(
    'SELECT task_identifier FROM graphile_worker.jobs WHERE last_error IS NULL OR attempts < max_attempts',
  )
const allDone = () => vi.waitFor(async () => expect(await open()).toEqual([]), { timeout: 30_000 })

test('forty jobs of two kinds at the same time write as the job, each for the request that has queued it', async () => {
  const orders = await Promise.all(Array.from({ length: 20 }, () => createOrder()))
  const requests = orders.map((id) => ({ id, request_id: randomUUID() }))
  await Promise.all(requests.map((payload) => queue('pay_order', payload)))
  await Promise.all(requests.map(() => queue('close_orders', {})))
  await allDone()
  await queue('close_orders', {})
  await allDone()
  for (const { id, request_id } of requests) {
    expect(await historyOf(database, id)).toEqual([
      { operation: 'I', username: 'ann', request_id: null, status: 'open' },
      { operation: 'U', username: 'job:pay_order', request_id, status: 'paid' },
      { operation: 'U', username: 'job:close_orders', request_id: null, status: 'closed' },
    ])
  }
})

test('a job that fails takes its writes back, and leaves no history of them', async () => {
  await createOrder('0')
  const id = await createOrder('0')
  const before = await everything(database)
  await queue('pay_order', { id, request_id: randomUUID() }, 1)
  await allDone()
  const failed = await database.query(
    'SELECT task_identifier AS task, last_error AS error FROM graphile_worker.jobs',
  )
  expect(failed).toEqual([{ task: 'pay_order', error: expect.stringContaining('There is nothing to pay.') }])
  expect(await everything(database)).toEqual(before)
})
