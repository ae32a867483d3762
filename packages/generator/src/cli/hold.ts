import type { Client } from 'pg'
import { ErasureWishError } from '../erasure-history.ts'
import { heldRows } from '../erasure-targets.ts'
import {
  beginErasing,
  renderBeginHolding,
  renderHold,
  renderHolds,
  renderLookForErasure,
  renderRelease,
} from '../sql/erasing.ts'
import type { AuditHome } from '../state/database-state.ts'
import { adviceOn, inTransaction, isOfDatabase, looking, withDatabase } from './database-client.ts'
import { readErasureProject } from './erasure-project.ts'
import { type DatabaseFlags, findDatabaseUrl } from './find-database.ts'
import { ProjectNotFoundError } from './project-not-found-error.ts'

export interface HoldFlags extends DatabaseFlags {
  readonly model?: string | undefined
  readonly id?: string | undefined
  /** Every history. */
  readonly all?: boolean | undefined
  /** The number of a hold that ends. */
  readonly release?: string | undefined
  readonly reason?: string | undefined
  readonly json?: boolean | undefined
}

interface Hold {
  readonly number: string
  readonly history: string | null
  readonly match: readonly { readonly columns: readonly string[]; readonly value: string }[] | null
  readonly since: string
  readonly by: string
  readonly reason: string
}

/**
 * Puts history on legal hold, or ends a hold, and lists those that are in force.
 *
 * @returns the exit code: 0, or 1 where the database refused
 * @throws InterruptedError where a signal ended it
 * @throws ProjectNotFoundError where there is nothing to look at, or a mistake in what is asked for
 */
export async function hold(flags: HoldFlags, cwd: string): Promise<number> {
  assertFlags(flags)
  const connectionString = await findDatabaseUrl(flags, cwd)
  const { home, model, recorded } = await readErasureProject(flags, cwd)
  const wish = flags.model
  const rows = wish === undefined ? [] : ofWish(() => heldRows(model, recorded, wish, flags.id))
  const run = async (client: Client) => {
    try {
      if (flags.release !== undefined) await release(client, home, flags.release, flags.reason ?? '')
      else if (rows.length > 0) await putOnHold(client, home, rows, flags.reason ?? '')
      else if (flags.all) await putOnHold(client, home, [{}], flags.reason ?? '')
      const holds = await readHolds(client, home)
      console.log(flags.json ? JSON.stringify({ version: 1, holds }, undefined, 2) : render(holds))
      return 0
    } catch (error) {
      if (!isOfDatabase(error)) throw error
      console.error(`audit: ${error.message}${adviceOn(error)}`)
      return 1
    }
  }
  return withDatabase(connectionString, 'hold', run, { isAtOnce: true })
}

function assertFlags({ model, id, all, release: number, reason }: HoldFlags): void {
  const asked = [model !== undefined, all === true, number !== undefined].filter(Boolean).length
  const problem =
    asked > 1
      ? '--model, --all and --release are three things: give one of them.'
      : id !== undefined && model === undefined
        ? 'Say whose id it is: --model User --id 42'
        : number !== undefined && !/^\d+$/.test(number)
          ? `--release takes the number of a hold, and ${number} is none.`
          : asked === 1 && (reason ?? '').trim() === ''
            ? 'A hold, and its end, needs a reason, which is recorded: --reason "case 12 O 345/26"'
            : undefined
  if (problem !== undefined) throw new ProjectNotFoundError(problem)
}

function ofWish<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (error instanceof ErasureWishError) throw new ProjectNotFoundError(error.message, { cause: error })
    throw error
  }
}

/** All of them, or none: the rows of a person are in several histories. */
async function putOnHold(
  client: Client,
  home: AuditHome,
  rows: readonly { readonly history?: string; readonly match?: unknown }[],
  reason: string,
): Promise<void> {
  await inTransaction(client, `${beginErasing()}\n${renderBeginHolding(home)}`, async () => {
    for (const { history, match } of rows) {
      const values = [history ?? null, match === undefined ? null : JSON.stringify(match), reason]
      await client.query(renderHold(home), values)
    }
  })
}

async function release(client: Client, home: AuditHome, number: string, reason: string): Promise<void> {
  const released = (await hasHolds(client, home))
    ? await inTransaction(client, beginErasing(), () => client.query(renderRelease(home), [number, reason]))
    : undefined
  if (released?.rowCount === 1) return
  throw new ProjectNotFoundError(
    `There is no hold ${number} in force. npx prisma-generator-audit hold lists them.`,
  )
}

async function readHolds(client: Client, home: AuditHome): Promise<readonly Hold[]> {
  if (!(await hasHolds(client, home))) return []
  const { rows } = await looking(client, () => client.query<Hold>(renderHolds(home)))
  return rows
}

async function hasHolds(client: Client, home: AuditHome): Promise<boolean> {
  const { rows } = await looking(client, () =>
    client.query<{ hasHolds: boolean }>(renderLookForErasure(home)),
  )
  return rows[0]?.hasHolds === true
}

/** `audit: hold 3: audit."User_audit" id 42, since … by …: case 12 O 345/26` */
function render(holds: readonly Hold[]): string {
  if (holds.length === 0) return 'audit: nothing is held'
  return holds
    .map(({ number, history, match, since, by, reason }) => {
      const rows = match?.map(({ columns, value }) => ` ${columns[0]} ${value}`).join(',') ?? ''
      return `audit: hold ${number}: ${history ?? 'every history'}${rows}, since ${since} by ${by}: ${reason}`
    })
    .join('\n')
}
