import { execFile } from 'node:child_process'
import { createRequire } from 'node:module'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { useLedgerProject } from './fixture/ledger-project.ts'

const project = await useLedgerProject('postgresql://localhost/never-connected')
const source = fileURLToPath(new URL('../src/index.ts', import.meta.url))
const asyncContext = fileURLToPath(new URL('../src/async-context.ts', import.meta.url))
const adapterSource = fileURLToPath(new URL('../src/adapter/adapter-pg.ts', import.meta.url))
const compiler = path.join(
  path.dirname(createRequire(import.meta.url).resolve('typescript/package.json')),
  'bin/tsc',
)

/** What the compiler says about a file of the project; nothing when it compiles. */
async function problems(
  client: string,
  body: string,
  opened = 'declare const prisma: PrismaClient',
): Promise<string> {
  const name = 'checked.ts'
  const imports = `import { expectTypeOf } from 'vitest'
import { PrismaClient } from '${client}'
import { auditContext, defineAuditContext } from '${source}'
import { asyncAuditContext, currentAuditContext, runWithAuditContext } from '${asyncContext}'
void [auditContext, defineAuditContext, expectTypeOf]
${opened}
type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const equal = <A, B>(_: Equal<A, B>) => undefined
`
  await project.write(name, imports + body)
  const strict = [
    '--strict',
    '--exactOptionalPropertyTypes',
    '--noEmit',
    '--allowImportingTsExtensions',
    '--skipLibCheck',
  ]
  const modules = ['--module', 'nodenext', '--target', 'es2023', '--types', 'node']
  return promisify(execFile)(process.execPath, [compiler, ...strict, ...modules, name], {
    cwd: project.dir,
  }).then(
    () => '',
    (error: { stdout: string }) => error.stdout,
  )
}

const sameTypes = `
const plain = prisma.$extends({})
const audited = prisma.$extends(auditContext({ username: 'ann' }))
expectTypeOf(audited).toEqualTypeOf<typeof plain>()

const call = (client: typeof prisma) => client.account.create({
  data: { name: 'a', entries: { create: { note: 'b' } } },
  select: { name: true, entries: { select: { note: true } } },
})
const auditedCall = (client: typeof audited) => client.account.create({
  data: { name: 'a', entries: { create: { note: 'b' } } },
  select: { name: true, entries: { select: { note: true } } },
})
expectTypeOf(auditedCall).returns.resolves.toEqualTypeOf<Awaited<ReturnType<typeof call>>>()
expectTypeOf(auditedCall).returns.resolves.toEqualTypeOf<{ name: string; entries: { note: string }[] }>()

async function inTransactions() {
  const bare = await prisma.$transaction(async (tx) => [await tx.account.findMany({ include: { entries: true } })] as const)
  const own = await audited.$transaction(async (tx) => [await tx.account.findMany({ include: { entries: true } })] as const)
  expectTypeOf(own).toEqualTypeOf<typeof bare>()
  await plain.$transaction((one) => audited.$transaction(async (two) => expectTypeOf(two).toEqualTypeOf<typeof one>()))
  const batch = await audited.$transaction([audited.account.count(), audited.account.findMany()])
  const bareBatch = await prisma.$transaction([prisma.account.count(), prisma.account.findMany()])
  expectTypeOf(batch).toEqualTypeOf<typeof bareBatch>()
  // @ts-expect-error no such field
  await audited.$transaction((tx) => tx.account.create({ data: { name: 'a', nonsense: 1 } }))
}
void inTransactions

const hello = { client: { $hello: () => 'hello' } }
const later = audited.$extends(hello).$extends(auditContext({ username: 'ben' }))
const bareLater = plain.$extends(hello).$extends({})
expectTypeOf(later).toEqualTypeOf<typeof bareLater>()
const earlier = prisma.$extends({ result: { account: { loud: { needs: { name: true }, compute: (row) => row.name } } } })
const both = earlier.$extends(auditContext({ username: 'ann' }))
expectTypeOf(both.account.fields).toEqualTypeOf<typeof earlier.account.fields>()
const loud = async () => (await both.account.findFirstOrThrow()).loud
expectTypeOf(loud).returns.resolves.toEqualTypeOf<string>()
// @ts-expect-error not the same
expectTypeOf(loud).returns.resolves.toEqualTypeOf<number>()
`

const layers = {
  extension: 'declare const prisma: PrismaClient',
  adapter: `
import { PrismaPg } from '@prisma/adapter-pg'
import { auditAdapter } from '${adapterSource}'
const factory = new PrismaPg({ connectionString: 'postgresql://localhost/never-connected' })
expectTypeOf(auditAdapter(factory)).toEqualTypeOf<PrismaPg>()
const prisma = new PrismaClient({ adapter: auditAdapter(factory) })
const unaudited = new PrismaClient({ adapter: factory })
expectTypeOf(prisma).toEqualTypeOf<typeof unaudited>()
// @ts-expect-error a configuration is no adapter
auditAdapter({ connectionString: 'postgresql://localhost/never-connected' })`,
} as const

describe.each([
  ['prisma-client', './generated/client/client.ts'],
  ['prisma-client-js', './generated/js/index.js'],
])('an audited client of %s has the types of the unextended one, and so has its tx', (_, client) => {
  test.each(['extension', 'adapter'] as const)('with the %s', async (layer) => {
    expect(await problems(client, sameTypes, layers[layer])).toBe('')
  })
})

const typed = `
interface Context { username: string; tenant?: number | null; note?: { text: string } }
const audit = defineAuditContext<Context>([
  { name: 'username', type: 'String', required: true },
  { name: 'tenant', type: 'Int', required: false },
  { name: 'note', type: 'Json', required: false },
])
`

test('a typed context compiles, as an object and as a function', async () => {
  const body = `
    prisma.$extends(audit({ username: 'ann', tenant: null }))
    prisma.$extends(audit(() => undefined))
    const db = prisma.$extends(audit(() => ({ username: 'ann', note: { text: 'x' } }), { raw: 'execute' }))
    void db.account.count()`
  expect(await problems('./generated/client/client.ts', typed + body)).toBe('')
})

test.each([
  ['a required setting left out', 'audit({ tenant: 1 })', "Property 'username' is missing"],
  ['an unknown setting', "audit({ username: 'ann', tenat: 1 })", "'tenat' does not exist"],
  [
    'a value of a wrong type',
    "audit({ username: 'ann', tenant: '1' })",
    "'string' is not assignable to type 'number",
  ],
  [
    'a function with a required setting left out',
    'audit(() => ({ tenant: 1 }))',
    "Property 'username' is missing",
  ],
  ['a promise of a context', "audit(async () => ({ username: 'ann' }))", 'Promise'],
])('%s does not compile', async (_, call, message) => {
  expect(await problems('./generated/client/client.ts', typed + call)).toContain(message)
})

const bound = "const own = asyncAuditContext<Context>({ actor: 'username' })\n"

test('a context from AsyncLocalStorage compiles, with the types of a project and without', async () => {
  const body = `
    prisma.$extends(auditContext(currentAuditContext))
    const db = prisma.$extends(audit(own.currentAuditContext))
    const create = () => db.account.create({ data: { name: 'a' }, select: { name: true } })
    const created = own.runWithAuditContext({ username: 'ann' }, create)
    equal<typeof created, Promise<{ name: string }>>(true)
    const length = runWithAuditContext({ any: 'setting' }, () => 'text'.length)
    equal<typeof length, number>(true)
    own.runWithAuditContext({ tenant: 1 }, () => own.runWithAuditContext({ note: { text: 'x' } }, create))
    const job = own.runAsJob('cleanup', { tenant: 1 }, async () => 1)
    equal<typeof job, Promise<number>>(true)
    equal<ReturnType<typeof own.currentAuditContext>, Context | undefined>(true)
    void asyncAuditContext({ actor: 'user' }).runAsJob('cleanup', { any: 'setting' }, async () => 1)`
  expect(await problems('./generated/client/client.ts', typed + bound + body)).toBe('')
})

test.each([
  ['an unknown setting in it', 'own.runWithAuditContext({ tenat: 1 }, () => 1)', "'tenat' does not exist"],
  [
    'a value of a wrong type in it',
    "own.runWithAuditContext({ tenant: '1' }, () => 1)",
    "'string' is not assignable to type 'number",
  ],
  ['an actor that is no setting', "asyncAuditContext<Context>({ actor: 'user' })", '"user"'],
  ['an actor whose setting holds no text', "asyncAuditContext<Context>({ actor: 'tenant' })", '"tenant"'],
  [
    'its call given to a batch, where it has begun already',
    'prisma.$transaction([own.runWithAuditContext({}, () => prisma.account.count())])',
    "'Promise<number>[]' is not assignable",
  ],
])('%s does not compile', async (_, call, message) => {
  expect(await problems('./generated/client/client.ts', typed + bound + call)).toContain(message)
})
