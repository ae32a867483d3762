import { revalidatePath } from 'next/cache'
import { asUser, db } from '../audit'

export const dynamic = 'force-dynamic'

async function change(form: FormData): Promise<void> {
  'use server'
  const [id, status] = [Number(form.get('id')), String(form.get('status'))]
  await asUser(() =>
    db.$transaction(async (tx) => {
      const changed = await tx.order.update({ where: { id }, data: { status } })
      if (status === 'paid' && changed.total.isZero()) throw new Error('There is nothing to pay.')
    }),
  )
  revalidatePath('/')
}

interface HistoryRow {
  readonly audit_id: bigint
  readonly text: string
}

export default async function Page() {
  const orders = await db.order.findMany({ orderBy: { id: 'asc' } })
  const history = await db.$queryRaw<HistoryRow[]>`
    SELECT audit_id, concat_ws(' ', id, audit_operation, audit_username, audit_request_id, status) AS text
    FROM audit."Order_audit" ORDER BY audit_id DESC LIMIT 100`
  return (
    <main>
      <h1>Orders</h1>
      {orders.map(({ id, customer, total, status }) => (
        <form key={id} action={change}>
          {id} {customer} {total.toString()} <input type="hidden" name="id" value={id} />
          <input name="status" defaultValue={status} /> <button type="submit">change</button>
        </form>
      ))}
      <h1>History</h1>
      <ol>
        {history.map(({ audit_id, text }) => (
          <li key={String(audit_id)}>{text}</li>
        ))}
      </ol>
    </main>
  )
}
