import { run, type TaskList } from 'graphile-worker'
import { connectionString, db, runAsJob } from './audit.ts'

/** The text or number `name` of a job's payload. */
function field(payload: unknown, name: string): unknown {
  return Object.entries(payload ?? {}).find(([key]) => key === name)?.[1]
}

const tasks: TaskList = {
  /** Pays one order: `{"id": 1}`. */
  async pay_order(payload) {
    await db.$transaction(async (tx) => {
      const { total } = await tx.order.update({
        where: { id: Number(field(payload, 'id')) },
        data: { status: 'paid' },
      })
      if (total.isZero()) throw new Error('There is nothing to pay.')
    })
  },

  /** Closes all orders that are paid. */
  async close_orders() {
    await db.order.updateMany({ where: { status: 'paid' }, data: { status: 'closed' } })
  },
}

/** Every task runs as itself, and for the request that has queued it, if its payload says which. */
const taskList: TaskList = Object.fromEntries(
  Object.entries(tasks).map(([name, task]): [string, typeof task] => [
    name,
    (payload, helpers) => {
      const request_id = field(payload, 'request_id')?.toString()
      return runAsJob(name, { request_id }, () => task?.(payload, helpers))
    },
  ]),
)

const runner = await run({ connectionString, concurrency: 5, taskList })
console.log('Waiting for jobs')
await runner.promise
