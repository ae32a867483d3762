import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it, onTestFinished, vi } from 'vitest'
import { createDatabase } from '../../../../test/support/test-database.ts'
import { pruneHistory } from '../../src/cli/prune-batches.ts'
import { renderBeginHolding, renderHold } from '../../src/sql/erasing.ts'
import { renderPrunerSetup } from '../../src/sql/pruner-setup.ts'
import { pruneTarget } from '../../src/sql/pruning.ts'
import type { AuditHome } from '../../src/state/database-state.ts'
import { desiredState } from '../../src/state/desired-state.ts'
import { compare, missed } from './comparing.ts'
import { column, createSource, model, table, up } from './fixture.ts'
import { prune, setUpPruning } from './pruning.ts'
import { auditedDatabase, connected, findingsOf, seal, verify } from './sealing.ts'

vi.setConfig({ testTimeout: 180_000 })

const user = table('User', { columns: [column('id', 'integer'), column('email', 'text')] })
const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`

it.each([
  [{ schema: 'audit' }],
  [{ schema: 'audit "x" \\ %I' }],
  [{ schema: 'public', shared: true as const }],
] as [AuditHome][])(
  'an owner that is no superuser sets it up, in %o, with odd names and row level security; every hold is seen',
  async (home) => {
    const database = await createDatabase()
    const id = database.name.slice(-12)
    const host = `host ${id}`
    const roles = { pruner: `Pruner's "own" \\ %I ${id}`, by: `keeper $audit$ -- ${id}` }
    onTestFinished(() => database.drop())
    onTestFinished(async () => {
      for (const role of [roles.by, roles.pruner, host]) {
        const name = quoted(role)
        await database.query(
          `REASSIGN OWNED BY ${name} TO CURRENT_USER; DROP OWNED BY ${name} CASCADE; DROP ROLE ${name}`,
        )
      }
    })
    await database.query(`CREATE ROLE ${quoted(host)} LOGIN CREATEROLE; ALTER DATABASE "${database.name}" OWNER TO ${quoted(host)};
    GRANT CREATE, USAGE ON SCHEMA public TO ${quoted(host)}`)
    const client = await connected(database)
    const as = async <T>(role: string, work: () => Promise<T>) => {
      await client.query(`SET SESSION AUTHORIZATION ${quoted(role)}`)
      return work().finally(() => client.query('RESET SESSION AUTHORIZATION'))
    }
    const state = desiredState({
      ...model(user),
      auditSchema: home.schema,
      ...(home.shared ? { sharedSchema: true as const } : {}),
    })
    const [audited] = state.tables
    if (audited === undefined) throw new Error('no table')
    const target = pruneTarget(audited)
    await as(host, async () => {
      await client.query(`${createSource(user)} ${up(state)}`)
      await client.query(`INSERT INTO "User" SELECT g, 'mail' || g FROM generate_series(1, 3) g`)
      await client.query(`UPDATE "User" SET email = 'x'`)
      await client.query(`ALTER TABLE ${target.history} ENABLE ROW LEVEL SECURITY`)
      const script = renderPrunerSetup({ ...roles, atLeast: '0 days', home })
      await client.query(script)
      await client.query(script)
      await client.query(renderBeginHolding(home))
      await client.query(renderHold(home), [
        target.history,
        JSON.stringify([{ columns: ['id'], value: '2' }]),
        'x',
      ])
    })
    const options = {
      before: (await database.query<{ now: string }>('SELECT clock_timestamp()::text AS now'))[0]?.now ?? '',
      reason: 'old',
      size: 2,
      pause: 0,
      signal: new AbortController().signal,
      keep: undefined,
      onProgress: () => {},
    }
    await expect(as(host, () => pruneHistory(client, home, target, options))).rejects.toMatchObject({
      code: '42501',
    })
    expect(await as(roles.by, () => pruneHistory(client, home, target, options))).toMatchObject({
      pruned: 2,
      kept: 2,
      held: 2,
    })
    // A history that is closed by row after the set-up may hide rows: it is refused until the set-up is run again.
    await client.query(`CREATE POLICY tenants ON ${target.history} AS RESTRICTIVE USING (id = 1)`)
    await expect(as(roles.by, () => pruneHistory(client, home, target, options))).rejects.toMatchObject({
      code: 'AU007',
    })
  },
)

it('writers, seals and prunings at the same time: nothing is lost, and verify finds nothing', async () => {
  const wanted = table('Order')
  const database = await auditedDatabase(
    `INSERT INTO "Order" SELECT g, 'a' FROM generate_series(1, 9) g`,
    wanted,
  )
  const [client, sealer] = [await connected(database), await connected(database)]
  await seal(sealer, { wait: 0 })
  const { by } = await setUpPruning(database)
  const stop = new AbortController()
  const writers = [1, 2, 3].map(async (worker) => {
    const own = await connected(database)
    for (let n = 0; !stop.signal.aborted && n < 400; n += 1) {
      await sleep(5)
      const id = 1 + ((n * worker) % 9)
      await own.query(
        n % 11 === 0
          ? `DELETE FROM "Order" WHERE id = ${id}`
          : `INSERT INTO "Order" VALUES (${id}, '${n}') ON CONFLICT (id) DO UPDATE SET note = EXCLUDED.note`,
      )
    }
  })
  const sealing = (async () => {
    while (!stop.signal.aborted) await seal(sealer, { size: 25, wait: 0 })
  })()
  let pruned = 0
  for (let round = 0; round < 8; round += 1) {
    await sleep(150)
    const [{ now } = { now: '' }] = await database.query<{ now: string }>(
      'SELECT clock_timestamp()::text AS now',
    )
    pruned += (await prune(client, by, wanted, now, { size: 50 })).pruned
    expect(await findingsOf(verify(client))).toEqual([])
  }
  stop.abort()
  await Promise.all([...writers, sealing])
  await seal(sealer)
  expect(pruned).toBeGreaterThan(20)
  expect(await findingsOf(verify(client))).toEqual([])
  expect(await missed(compare(client, wanted))).toEqual([])
})
