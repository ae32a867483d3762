import fc from 'fast-check'
import type pg from 'pg'
import { expect, it, vi } from 'vitest'
import { createDatabase } from '../../../../test/support/test-database.ts'
import { renderEraserSetup } from '../../src/sql/eraser-setup.ts'
import { erase, rolesOf } from './erasing.ts'
import { createSource, install, table } from './fixture.ts'
import { IS_FULL, SEED } from './folding-property.ts'
import { connected, findingsOf, HOME, seal, unguarded, verify } from './sealing.ts'

vi.setConfig({ testTimeout: 900_000 })

/** What an honest database has, and what has been done to it. */
interface Game {
  readonly client: pg.Client
  readonly late: pg.Client
  name: string
  columns: readonly string[]
  isLateOpen: boolean
  made: number
  readonly roles: ReturnType<typeof rolesOf>
}

const FACTS =
  'audit_operation, audit_operation_timestamp, audit_transaction_timestamp, audit_current_user, audit_transaction_id'
const history = ({ name }: Game) => `audit."${name}"`
/** As the capture function does. */
const insert = (game: Game, rows: number) =>
  `INSERT INTO ${history(game)} (${[FACTS, ...game.columns].join()})
   SELECT 'I', clock_timestamp(), now(), 'app', pg_current_xact_id()::text::bigint, g${`, CASE g % 3 WHEN 0 THEN NULL ELSE 'v' || g END`.repeat(game.columns.length - 1)}
   FROM generate_series(1, ${rows}) g`

type Step = (game: Game, number: number) => Promise<unknown>

const STEPS: Readonly<Record<string, Step>> = {
  write: (game, n) => game.client.query(insert(game, 1 + (n % 12))),
  writeMore: (game, n) => game.client.query(insert(game, 1 + (n % 30))),
  rollBack: (game, n) => game.client.query(`BEGIN; ${insert(game, 1 + (n % 12))}; ROLLBACK`),
  async commitLate(game, n) {
    if (game.isLateOpen) await game.late.query('COMMIT')
    else await game.late.query(`BEGIN; ${insert(game, 1 + (n % 5))}`)
    game.isLateOpen = !game.isLateOpen
  },
  baseline: (game, n) =>
    game.client.query(
      `INSERT INTO ${history(game)} (audit_id, ${FACTS}) OVERRIDING SYSTEM VALUE
       SELECT - nextval(pg_get_serial_sequence('${history(game)}', 'audit_id')), 'B', now(), now(), 'x', 1 FROM generate_series(1, ${1 + (n % 4)})`,
    ),
  seal: (game, n) => seal(game.client, { size: 3 + (n % 8), wait: n % 2 === 0 ? 0 : 50 }),
  sealAgain: (game, n) => seal(game.client, { size: 2 + (n % 20), wait: 0 }),
  async addColumn(game) {
    await withoutLate(game)
    const name = next(game, 'c')
    await game.client.query(`ALTER TABLE ${history(game)} ADD COLUMN ${name} varchar(40)`)
    game.columns = [...game.columns, name]
  },
  async renameColumn(game, n) {
    await withoutLate(game)
    const [from, to] = [pick(game.columns, n), next(game, 'c')]
    await game.client.query(`ALTER TABLE ${history(game)} RENAME COLUMN ${from} TO ${to}`)
    game.columns = game.columns.map((each) => (each === from ? to : each))
  },
  async setAside(game, n) {
    await withoutLate(game)
    const name = pick(game.columns.slice(1), n)
    await game.client.query(
      `ALTER TABLE ${history(game)} RENAME COLUMN ${name} TO ${next(game, `${name}__`)}; ALTER TABLE ${history(game)} ADD COLUMN ${name} text`,
    )
  },
  async widen(game, n) {
    await withoutLate(game)
    await game.client.query(
      `ALTER TABLE ${history(game)} ALTER COLUMN ${pick(game.columns.slice(1), n)} TYPE text`,
    )
  },
  async renameTable(game) {
    await withoutLate(game)
    const name = next(game, 'History_')
    await game.client.query(`ALTER TABLE ${history(game)} RENAME TO "${name}"`)
    game.name = name
  },
  async erase(game, n) {
    await withoutLate(game)
    // Columns that came since need rights, and a history that got another name has them.
    await game.client.query(renderEraserSetup({ ...game.roles, home: HOME }))
    const { rows } = await game.client.query<{ id: string; at: string }>(
      `SELECT audit_id::text AS id, audit_operation_timestamp::text AS at FROM ${history(game)} ORDER BY abs(audit_id), audit_id`,
    )
    const columns = [...game.columns.slice(1), 'audit_current_user'].filter(
      (_, at) => (n >> (at % 12)) % 2 === 1,
    )
    if (rows.length === 0 || columns.length === 0) return
    const chosen = [pick(rows, n), pick(rows, n * 7)].map(({ id, at }) => [id, at] as const)
    await erase(game.client, game.roles.by, [{ history: history(game), rows: chosen, columns }])
  },
  async prune(game) {
    await withoutLate(game)
    const { rows } = await game.client.query<{ number: string; first: string; last: string }>(
      `SELECT number::text, first_id::text AS first, last_id::text AS last FROM audit.seal s
       WHERE s.history = '${history(game)}'::regclass AND NOT EXISTS (SELECT FROM audit.seal_pruned p WHERE p.seal_number = s.number) ORDER BY number LIMIT 1`,
    )
    const [first] = rows
    if (first === undefined) return
    await game.client.query(
      `BEGIN; INSERT INTO audit.seal_pruned (seal_number) VALUES (${first.number});
       ${unguarded(history(game), `DELETE FROM ${history(game)} WHERE abs(audit_id) BETWEEN ${first.first} AND ${first.last}`)};
       ${unguarded('audit.seal_salt', `DELETE FROM audit.seal_salt WHERE seal_number = ${first.number}`)}; COMMIT`,
    )
  },
}

/** When the database is gone, nothing is theirs any more. */
async function dropRoles(roles: ReturnType<typeof rolesOf>): Promise<void> {
  const other = await createDatabase()
  for (const role of Object.values(roles)) await other.query(`DROP ROLE IF EXISTS "${role}"`)
  await other.drop()
}

/** Its lock would be in the way of DDL. */
async function withoutLate(game: Game): Promise<void> {
  if (game.isLateOpen) await game.late.query('COMMIT')
  game.isLateOpen = false
}

function next(game: Game, prefix: string): string {
  game.made += 1
  return `${prefix}${game.made}`
}

function pick<T>(all: readonly T[], number: number): T {
  const item = all[number % all.length]
  if (item === undefined) throw new Error('nothing to choose from')
  return item
}

it('honest histories give no alarm: schema changes, erasures and prunings included', async () => {
  const steps = fc.array(fc.tuple(fc.constantFrom(...Object.keys(STEPS)), fc.nat(9999)), {
    minLength: 15,
    maxLength: 40,
  })
  const done = new Map<string, number>()
  await fc.assert(
    fc.asyncProperty(steps, async (chosen) => {
      const database = await createDatabase()
      const [client, late] = [await connected(database), await connected(database)]
      try {
        await client.query(`${createSource(table('Order'))} ${install(table('Order'))}`)
        const game: Game = {
          client,
          late,
          name: 'Order_audit',
          columns: ['id', 'note'],
          isLateOpen: false,
          made: 0,
          roles: rolesOf(database),
        }
        await seal(client, { wait: 0 })
        for (const [name, number] of chosen) {
          await STEPS[name]?.(game, number)
          done.set(name, (done.get(name) ?? 0) + 1)
          expect(await findingsOf(verify(client)), name).toEqual([])
        }
        await withoutLate(game)
        await seal(client, { size: 7, wait: 20_000 })
        const { findings, histories } = await verify(client)
        expect([findings, histories.map(({ unsealed }) => unsealed?.rows)]).toEqual([
          [],
          histories.map(() => 0),
        ])
      } finally {
        await Promise.all([client.end(), late.end()])
        await database.drop()
        await dropRoles(rolesOf(database))
      }
    }),
    { numRuns: IS_FULL ? 60 : 8, seed: SEED, endOnFailure: true },
  )
  console.info([...done].map(([name, count]) => `${count} × ${name}`).join(', '))
})
