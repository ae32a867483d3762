import { randomUUID } from 'node:crypto'
import { expect, test, vi } from 'vitest'
import { useExample } from './examples/example.ts'
import { everything, historyOf } from './examples/order-history.ts'

const { database } = await useExample('worker', { sentence: /^Waiting for jobs$/ })

/** A statement that reads `context` is ann's. */
const asAnn = (statement: string, values: unknown[]) =>
  database.query<{ id: number }>(
    `WITH context AS MATERIALIZED (SELECT audit.set_context('{"username": "ann"}')) ${statement}`,
    values,
  )

async function createOrder(total = '13.50'): Promise<number> {
  const insert = `INSERT INTO "Order" (customer, total) SELECT 'Eve', $1 FROM context RETURNING id`
  const [order] = await asAnn(insert, [total])
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

test('a job that fails takes its writes back, and leaves only what it writes when it succeeds', async () => {
  const id = await createOrder('0')
  const request_id = randomUUID()
  const before = await everything(database)
  await queue('pay_order', { id, request_id }, 1)
  await allDone()
  const [failed] = await database.query<{ id: string; error: string }>(
    'SELECT id, last_error AS error FROM graphile_worker.jobs',
  )
  expect(failed?.error).toContain('There is nothing to pay.')
  expect(await everything(database)).toEqual(before)

  await asAnn('UPDATE "Order" SET total = $1 FROM context WHERE id = $2', ['1.00', id])
  await database.query('SELECT graphile_worker.reschedule_jobs($1::bigint[], attempts => 0)', [[failed?.id]])
  await vi.waitFor(async () => expect(await historyOf(database, id)).toHaveLength(3), { timeout: 30_000 })
  expect((await historyOf(database, id)).at(-1)).toEqual({
    operation: 'U',
    username: 'job:pay_order',
    request_id,
    status: 'paid',
  })
})
