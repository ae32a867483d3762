import { extensionCost } from './extension-cost.ts'
import { type Operation, operations, type Subject } from './operation.ts'
import { type Variant, type VariantFiles, variants } from './variant.ts'
import type { Answer, Order } from './variant-worker.ts'

/**
 * One variant in a process of its own, as an application has only one: so no variant pays for another one's garbage,
 * compiled code or asynchronous hooks. It runs what it is told, one operation after another, on one connection.
 */
const [, , name = '', filesText = ''] = process.argv
const files: VariantFiles = JSON.parse(filesText)
const variant = (variants as Readonly<Record<string, Variant>>)[name]
const subjects = new Map<string, Promise<Subject>>()
/** What was prepared for the next operation. */
const stock: { readonly id: number }[] = []

process.on('disconnect', () => process.exit())
process.on('message', async (order: Order) => {
  const answer = await run(order).catch((error: unknown): Answer => ({ error: firstLine(error) }))
  process.send?.(answer)
})

async function run(order: Order): Promise<Answer> {
  const subject = await subjectOf(order.url)
  if (order.kind === 'extend') return { times: [extensionCost(subject, order.calls)], work: [] }
  const { prepare, run: operate }: Operation = operations[order.operation]
  if (order.kind === 'prepare') {
    if (prepare !== undefined) stock.push(await prepare(subject))
    return { times: [], work: [] }
  }
  const times: number[] = []
  const work: number[] = []
  for (let call = -order.warm; call < order.calls; call += 1) {
    const prepared = stock.pop() ?? (await prepare?.(subject)) ?? subject.own
    const worked = process.cpuUsage()
    const start = performance.now()
    await operate(subject, prepared)
    const time = performance.now() - start
    const { user, system } = process.cpuUsage(worked)
    if (call < 0) continue
    times.push(time)
    work.push(user + system)
  }
  return { times, work }
}

function subjectOf(url: string): Promise<Subject> {
  const known = subjects.get(url)
  if (known !== undefined) return known
  const opening = open(url)
  subjects.set(url, opening)
  return opening
}

async function open(url: string): Promise<Subject> {
  if (variant === undefined) throw new Error(`there is no variant ${name}`)
  const opened = await variant.open(url, files, name)
  const code = `${name} at ${new URL(url).port}`
  const { id } = await opened.client.account.create({ data: { name: code, code } })
  return { ...opened, own: { id, code } }
}

/** The last line of Prisma's messages says what is wrong; the first ones show the call. */
function firstLine(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const lines = error.message.split('\n').map((line) => line.trim())
  const said = lines.filter((line) => line !== '').at(-1) ?? ''
  const code: unknown = Reflect.get(error, 'code')
  return typeof code === 'string' ? `${code}: ${said}` : `${error.name}: ${said}`
}
