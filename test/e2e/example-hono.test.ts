import { useExample } from './examples/example.ts'
import { testOrderServer } from './examples/order-server.ts'

testOrderServer(await useExample('hono'))
