// What an application's own code looks like. `run.ts` copies this file into the demo's temporary project,
// where the modules generated from the schema lie beside it.
import { PrismaPg } from '@prisma/adapter-pg'
import pg from 'pg'
import { AuditContextError, withAuditContext } from 'prisma-extension-audit'
import { auditContext } from '../../generated/audit/index.ts'
import { PrismaClient } from '../../generated/client/client.ts'

type Say = (sentence: string) => void

/** A morning in the shop: two people, a job, and a script that does not use Prisma. */
export async function runProgram(connectionString: string, say: Say): Promise<void> {
  const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString }) })
  try {
    const ann = prisma.$extends(auditContext({ username: 'ann', reason: 'opens the shop' }))
    const bob = prisma.$extends(
      auditContext({ username: 'bob', request_id: '7d9f3c52-6d0e-4f5b-9c11-3a1f5e0b8a77' }),
    )
    // A function is asked at every call, so one client can serve all requests or all runs of a job.
    const run = { number: 0 }
    const job = prisma.$extends(auditContext(() => ({ username: 'job:prices', reason: `run ${run.number}` })))

    say('ann creates a category, in a single call, and two products in it, in nested ones')
    await ann.category.create({ data: { slug: 'tea', title: 'Tea' } })
    const [green, black] = await Promise.all(
      ['Green tea', 'Black tea'].map((name, index) =>
        ann.product.create({
          data: { sku: `TEA-${index}`, name, price: '4.50', categories: { connect: { slug: 'tea' } } },
        }),
      ),
    )
    if (!green || !black) throw new Error('Two products were expected.')

    say('bob takes an order: the customer, an address, the order and its lines in one nested write')
    const customer = await bob.customer.create({
      data: {
        email: 'eve@example.com',
        name: 'Eve',
        addresses: { create: { label: 'home', lines: ['Kade 1'], postcode: '1011 AB' } },
        orders: {
          create: {
            total: '13.50',
            lines: {
              create: [
                { lineNo: 1, productId: green.id, quantity: 2, price: '4.50' },
                { lineNo: 2, productId: black.id, price: '4.50' },
              ],
            },
          },
        },
      },
      include: { orders: true },
    })
    const orderId = customer.orders[0]?.id ?? 0n

    say('bob puts two products on sale in a batch')
    await bob.$transaction(
      [green, black].map(({ id }) => bob.product.update({ where: { id }, data: { status: 'onSale' } })),
    )

    say('ann takes the payment in an interactive transaction')
    await ann.$transaction(async (tx) => {
      await tx.payment.create({
        data: { orderId, method: 'card', amount: '13.50', iban: 'NL02ABNA0123456789' },
      })
      await tx.order.update({ where: { id: orderId }, data: { paid: true } })
    })

    say('ann gives everything away in another one, and rolls it back')
    await ann
      .$transaction(async (tx) => {
        await tx.product.updateMany({ data: { price: 0 } })
        throw new Error('never mind')
      })
      .catch((error: unknown) => {
        if (!(error instanceof Error) || error.message !== 'never mind') throw error
      })

    say('the job raises every price, twice, in raw SQL')
    for (run.number = 1; run.number <= 2; run.number += 1) {
      await job.$executeRaw`UPDATE "Product Catalogue" SET price = price * 1.1 WHERE status = 'on-sale'`
    }

    say('a script with plain pg gives Eve another id, which her address and her order follow')
    const client = new pg.Client({ connectionString })
    await client.connect()
    try {
      await withAuditContext(client, { username: 'script:merge', reason: 'ticket 42' }, (audited) =>
        audited.query('UPDATE customers SET id = gen_random_uuid() WHERE id = $1', [customer.id]),
      )
    } finally {
      await client.end()
    }

    say('somebody without a name writes, and is refused')
    const anonymous = prisma.$extends(auditContext({ username: '' }))
    try {
      await anonymous.product.updateMany({ data: { price: 0 } })
      throw new Error('The write without a user was not refused.')
    } catch (error) {
      if (!(error instanceof AuditContextError)) throw error
      say(`  ${error.name} ${error.code}: ${error.message}`)
    }
  } finally {
    await prisma.$disconnect()
  }
}
