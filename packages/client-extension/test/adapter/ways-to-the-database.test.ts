import type { PrismaPg } from '@prisma/adapter-pg'
import type pg from 'pg'
import { describe, expect, inject, test } from 'vitest'
import { throughPgBouncer } from '../../../../test/support/through-pgbouncer.ts'
import { adapterClients } from '../fixture/adapter-clients.ts'
import { useLedger } from '../fixture/ledger.ts'

const ledger = await useLedger()
const { open, create, names } = adapterClients(ledger)
const pgbouncer = inject('pgbouncer')

interface Way {
  readonly name: string
  readonly config: pg.PoolConfig
  readonly options?: ConstructorParameters<typeof PrismaPg>[1]
  /** Why it cannot be tested here. */
  readonly missing?: string | undefined
}

const named = {
  statementNameGenerator: ({ sql }: { sql: string }) =>
    `s${sql.length}_${sql.slice(-20).replace(/\W/g, '_')}`,
}
const bouncer = { connectionString: throughPgBouncer(ledger.url) }
const notInstalled = 'missing' in pgbouncer ? pgbouncer.missing : undefined
/** From this version on it knows prepared statements in transaction mode, with `max_prepared_statements`. */
const isOld = 'version' in pgbouncer && Number(pgbouncer.version.split('.')[1]) < 21
const tooOld = isOld
  ? `PgBouncer ${pgbouncer.version} knows no prepared statements in transaction mode: 1.21 and newer do.`
  : undefined

const ways: readonly Way[] = [
  { name: "a pool of the application's own", config: { max: 4 } },
  { name: 'named prepared statements', config: { max: 2 }, options: named },
  { name: "pg's pipeline mode", config: { max: 2, pipeline: true } as pg.PoolConfig },
  {
    name: 'named prepared statements in pipeline mode',
    config: { max: 2, pipeline: true } as pg.PoolConfig,
    options: named,
  },
  { name: 'PgBouncer in transaction mode', config: { ...bouncer, max: 6 }, missing: notInstalled },
  {
    name: 'PgBouncer in transaction mode, in pipeline mode',
    config: { ...bouncer, max: 6, pipeline: true } as pg.PoolConfig,
    missing: notInstalled,
  },
  {
    name: 'PgBouncer in transaction mode with named prepared statements',
    config: { ...bouncer, max: 6 },
    options: named,
    missing: notInstalled ?? tooOld,
  },
]

describe.each(ways)('through $name', ({ name, config, options, missing }) => {
  if (missing !== undefined) process.stdout.write(`${missing}\n`)

  test('every call form of many users at once has the name of its caller', async ({ skip }) => {
    if (missing !== undefined) skip(missing)
    const { pool, base, as } = open(config, options)
    const users = Array.from({ length: 24 }, (_, index) => `user${index}`)
    const label = (user: string) => `${name.replaceAll("'", '')} ${user}`
    for (let round = 0; round < 3; round++) {
      await Promise.all(
        users.map((user, index) => {
          const db = as(user)
          const forms = [
            () => create(db, label(user)),
            () => db.$executeRaw`INSERT INTO "Account" (name) VALUES (${label(user)})`,
            () => db.$transaction([create(db, label(user))]),
            () => db.$transaction((tx) => Promise.all([create(tx, label(user)), tx.account.count()])),
            () => db.$transaction((tx) => tx.$transaction((inner) => create(inner, label(user)))),
            // Of several statements in one text a prepared statement cannot be made, with or without the audit.
            () =>
              options === named
                ? create(db, label(user))
                : db.$executeRawUnsafe(`INSERT INTO "Account" (name) VALUES ('${label(user)}'); SELECT 1`),
          ]
          return forms[(index + round) % forms.length]?.()
        }),
      )
    }
    for (const user of users) expect(await names(label(user))).toEqual([user, user, user])
    await expect(create(base, 'nobody')).rejects.toThrow(/username/)
    await expect.poll(() => pool.idleCount === pool.totalCount).toBe(true)
  })

  test('a failure leaves what comes after it whole', async ({ skip }) => {
    if (missing !== undefined) skip(missing)
    const { as } = open(config, options)
    const ann = as('ann')
    for (let round = 0; round < 3; round++) {
      await expect(ann.$executeRaw`SELECT 1 / 0`).rejects.toThrow(/division/)
      await expect(ann.$executeRaw`SELECT ${'x'}::text::integer`).rejects.toThrow(/integer/)
      await expect(ann.$transaction([create(ann, 'undone'), ann.$executeRaw`SELECT 1 / 0`])).rejects.toThrow()
      await create(ann, `whole ${name}`)
    }
    expect(await names(`whole ${name}`)).toEqual(['ann', 'ann', 'ann'])
    expect(await names('undone')).toEqual([])
  })
})
