import { AuditContextError } from './errors.ts'
import { type PgClient, type PgPool, trySavepoint } from './pg-client.ts'
import type { AuditSettings } from './settings.ts'
import { settingsStatement } from './settings-statement.ts'

type Work<T> = (client: PgClient) => Promise<T>

const savepoint = 'audit_context'

/** Runs work on a client of the pool, which is destroyed unless it is certain that its transaction has ended. */
export async function runOnPool<T>(pool: PgPool, settings: AuditSettings, work: Work<T>): Promise<T> {
  const client = await pool.connect()
  // Without a listener the event that follows a lost connection would end the process; the query fails as well.
  const ignore = (): void => undefined
  client.on('error', ignore)
  const state = { ended: false }
  try {
    return await inTransaction(client, settings, work, state)
  } finally {
    client.release(!state.ended)
    if (state.ended) client.off('error', ignore)
  }
}

/** Runs work in a transaction of its own or, where one is open, inside that one. */
export async function runOnClient<T>(client: PgClient, settings: AuditSettings, work: Work<T>): Promise<T> {
  if (await trySavepoint(client, savepoint)) return inSavepoint(client, settings, work)
  return inTransaction(client, settings, work, { ended: false })
}

async function inTransaction<T>(
  client: PgClient,
  settings: AuditSettings,
  work: Work<T>,
  state: { ended: boolean },
): Promise<T> {
  await client.query('BEGIN')
  try {
    await write(client, settings)
    const result = await work(client)
    const { command } = await client.query('COMMIT')
    state.ended = true
    if (command === 'ROLLBACK') throw aborted()
    return result
  } catch (error) {
    if (!state.ended) {
      state.ended = await client.query('ROLLBACK').then(
        () => true,
        () => false, // the connection is gone, and the transaction with it; the first error tells more
      )
    }
    throw error
  }
}

async function inSavepoint<T>(client: PgClient, settings: AuditSettings, work: Work<T>): Promise<T> {
  let isReleased = false
  try {
    const before = await read(client, settings)
    await write(client, settings)
    const result = await work(client)
    await client.query(`RELEASE SAVEPOINT ${savepoint}`)
    isReleased = true
    await write(client, before)
    return result
  } catch (error) {
    // What has this name now is of a call around this one.
    if (isReleased) throw error
    // Brings the caller's context back as well.
    await client
      .query(`ROLLBACK TO SAVEPOINT ${savepoint}; RELEASE SAVEPOINT ${savepoint}`)
      .catch(() => undefined)
    throw error
  }
}

async function write(client: PgClient, settings: AuditSettings): Promise<void> {
  if (settings.length === 0) return
  const { text, values } = settingsStatement(settings)
  await client.query(text, [...values])
}

/** The same settings with the values that they have now. */
async function read(client: PgClient, settings: AuditSettings): Promise<AuditSettings> {
  if (settings.length === 0) return []
  const names = settings.map(([name]) => name)
  const { rows } = await client.query(
    `SELECT pg_catalog.current_setting('audit.' || name, true) AS value
       FROM pg_catalog.unnest($1::text[]) WITH ORDINALITY AS setting (name, position) ORDER BY position`,
    [names],
  )
  return names.map((name, index) => {
    const value: unknown = Reflect.get(rows[index] ?? {}, 'value')
    return [name, typeof value === 'string' ? value : '']
  })
}

function aborted(): AuditContextError {
  return new AuditContextError(
    'TRANSACTION_ABORTED',
    'Nothing was committed: a statement in the transaction had failed.',
    { hint: 'Let the error of a failed statement through, or set a savepoint before it.' },
  )
}
