import { useExample } from './examples/example.ts'
import { testOrderServer } from './examples/order-server.ts'

testOrderServer(await useExample('trpc'), {
  create: (body) => ({ method: 'POST', path: '/orders.create', body }),
  change: (id, body) => ({ method: 'POST', path: '/orders.change', body: { id, ...body } }),
  history: (id) => ({ method: 'GET', path: `/orders.history?input=${encodeURIComponent(`{"id":${id}}`)}` }),
  result: (body) => (body as { result: { data: unknown } }).result.data,
})
