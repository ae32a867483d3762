import { expect, test } from 'vitest'
import { useExample } from './examples/example.ts'
import { everything, historyOf } from './examples/order-history.ts'
import { send } from './examples/requests.ts'

// Turbopack compiles nothing outside of the work tree that holds its packages.
const example = await useExample('nextjs', { sentence: /Local: +(http\S+)$/, insideWorkTree: true })
const { database } = example

/** The route handler. */
const post = (body: object | string, user?: string) =>
  send(example.ready, { method: 'POST', path: '/orders', body }, user)

async function createOrder(user: string, total = '13.50'): Promise<number> {
  const { status, body } = await post({ customer: 'Eve', total }, user)
  expect(status).toBe(201)
  return Number((body as { id: number }).id)
}

/** The server action: the form as a browser sends it before any script runs. */
async function submit(id: number, status: string, user?: string): Promise<number> {
  const page = await (await fetch(example.ready)).text()
  const action = /name="(\$ACTION_ID_[0-9a-f]+)"/.exec(page)?.[1]
  if (!action) throw new Error(`The page has no form with an action:\n${page}`)
  const body = new FormData()
  for (const [name, value] of [
    [action, ''],
    ['id', String(id)],
    ['status', status],
  ] as const)
    body.append(name, value)
  const headers = { origin: example.ready, ...(user === undefined ? {} : { 'x-user': user }) }
  return (await fetch(example.ready, { method: 'POST', headers, body })).status
}

test('two users use the route handler and the server action at the same time, and each write has the name of its own', async () => {
  const users = Array.from({ length: 30 }, (_, number) => (number % 2 === 0 ? 'ann' : 'bob'))
  const ids = await Promise.all(users.map((user) => createOrder(user)))
  const changed = ids.map((id, number) =>
    submit(id, `by ${users[number + 1] ?? 'ann'}`, users[number + 1] ?? 'ann'),
  )
  const more = users.map((user) => createOrder(user))
  expect(new Set(await Promise.all(changed))).toEqual(new Set([200]))
  const requests = new Set<unknown>()
  for (const [number, id] of ids.entries()) {
    const other = users[number + 1] ?? 'ann'
    const history = await historyOf(database, id)
    expect(history).toMatchObject([
      { operation: 'I', username: users[number], status: 'open' },
      { operation: 'U', username: other, status: `by ${other}` },
    ])
    for (const { request_id } of history) requests.add(request_id)
  }
  expect(requests.size).toBe(60)
  expect(requests).not.toContain(null)
  for (const [number, id] of (await Promise.all(more)).entries()) {
    expect(await historyOf(database, id)).toMatchObject([{ operation: 'I', username: users[number] }])
  }
})

test('the page shows the history', async () => {
  const id = await createOrder('ann')
  expect(await submit(id, 'shown', 'bob')).toBe(200)
  const page = await (await fetch(example.ready)).text()
  const [, changed] = await historyOf(database, id)
  expect(page).toContain(`<li>${id} U bob ${changed?.request_id} shown</li>`)
})

test('an error in the transaction of a server action takes its writes back, and leaves no history of them', async () => {
  const id = await createOrder('ann', '0')
  const before = await everything(database)
  expect(await submit(id, 'paid', 'ann')).toBe(500)
  expect(await everything(database)).toEqual(before)
  expect(await submit(id, 'closed', 'ann')).toBe(200)
})

test('without a user neither the route handler nor the server action writes anything', async () => {
  const id = await createOrder('ann')
  const before = await everything(database)
  expect((await post({ customer: 'Eve', total: '1.00' })).status).toBe(401)
  expect(await submit(id, 'paid')).toBe(500)
  expect(await everything(database)).toEqual(before)
})

test('an order that cannot be made is answered with 400 and leaves no history', async () => {
  const before = await everything(database)
  expect((await post({ customer: 'Eve', total: 'much' }, 'ann')).status).toBe(400)
  expect((await post({ total: '1.00' }, 'ann')).status).toBe(400)
  expect((await post('{"customer"', 'ann')).status).toBe(400)
  expect(await everything(database)).toEqual(before)
})

test('the viewer is mounted: the user support sees the history in the browser, and nobody else', async () => {
  const id = await createOrder('ann')
  const path = `${example.ready}/admin/audit`
  const support = { headers: { 'x-user': 'support' } }
  expect(await (await fetch(`${path}/activity`, support)).text()).toContain('/admin/audit/assets/main-')
  const answer = await (await fetch(`${path}/api/activity?by.username=ann&take=1`, support)).json()
  expect(answer).toMatchObject({
    entries: [{ operation: 'I', key: [String(id)], settings: { username: 'ann' } }],
  })
  for (const headers of [{}, { 'x-user': 'ann' }]) {
    expect((await fetch(`${path}/api/activity`, { headers })).status).toBe(403)
  }
  expect((await fetch(`${path}/api/activity`, { ...support, method: 'POST' })).status).toBe(405)
})
