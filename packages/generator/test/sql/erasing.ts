import type pg from 'pg'
import { onTestFinished } from 'vitest'
import type { TestDatabase } from '../../../../test/support/test-database.ts'
import { renderEraserSetup } from '../../src/sql/eraser-setup.ts'
import type { AuditHome } from '../../src/state/database-state.ts'
import { HOME } from './sealing.ts'

/** Roles of a test's own: they belong to the cluster. */
export const rolesOf = ({ name }: TestDatabase) => ({ eraser: `${name}_eraser`, by: `${name}_officer` })

/** Sets erasure up, as a superuser. The roles go with the test. */
export async function setUp(database: TestDatabase, home: AuditHome = HOME) {
  const roles = rolesOf(database)
  onTestFinished(async () => {
    for (const role of Object.values(roles)) {
      await database.query(`DROP OWNED BY "${role}" CASCADE; DROP ROLE "${role}"`)
    }
  })
  await database.query(renderEraserSetup({ ...roles, home }))
  return roles
}

export interface Target {
  readonly history: string
  readonly match?: readonly { readonly columns: readonly string[]; readonly value: string }[]
  readonly rows?: readonly (readonly [string, string])[]
  readonly columns?: readonly string[]
  readonly paths?: readonly { readonly column: string; readonly path: readonly string[] }[]
}

export interface Erased {
  readonly plan: string
  readonly rows: number
  readonly number: number | null
  readonly targets: readonly {
    readonly rows: number
    readonly names: readonly string[]
    readonly filled: readonly number[]
    readonly sealed: number
  }[]
}

/** Calls the function of erasures as the officer. */
export async function callErase(
  client: pg.Client,
  by: string,
  targets: readonly Target[],
  reason: string | null = null,
  plan: string | null = null,
  name = 'audit.erase',
): Promise<Erased> {
  await client.query(`SET SESSION AUTHORIZATION "${by.replaceAll('"', '""')}"`)
  try {
    const { rows } = await client.query<{ erase: Erased }>(`SELECT ${name}($1, $2, $3) AS erase`, [
      JSON.stringify(targets),
      reason,
      plan,
    ])
    return rows[0]?.erase as Erased
  } finally {
    await client.query('RESET SESSION AUTHORIZATION')
  }
}

/** Plans, and does what the plan says. */
export async function erase(
  client: pg.Client,
  by: string,
  targets: readonly Target[],
  reason = 'asked for',
  name = 'audit.erase',
) {
  const { plan } = await callErase(client, by, targets, null, null, name)
  return callErase(client, by, targets, reason, plan, name)
}
