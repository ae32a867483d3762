import { asUser, db, NobodyError } from '../../audit'

const total = /^\d{1,8}(\.\d\d?)?$/

/** `{"customer": "Eve", "total": "13.50"}` */
export async function POST(request: Request): Promise<Response> {
  const order = await request.json().catch(() => undefined)
  if (typeof order?.customer !== 'string' || !total.test(order.total)) {
    return Response.json({ error: 'An order has a customer and a total.' }, { status: 400 })
  }
  const data = { customer: order.customer, total: order.total }
  try {
    return await asUser(async () => Response.json(await db.order.create({ data }), { status: 201 }))
  } catch (error) {
    if (error instanceof NobodyError) return Response.json({ error: error.message }, { status: 401 })
    throw error
  }
}
