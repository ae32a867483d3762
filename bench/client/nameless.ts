import type { TestDatabase } from '../../test/support/database.ts'

/** Looks after each operation whether the history knows its caller. */
export interface NameCheck {
  /** Whether a row written since the last question has another name than `name`, or none. */
  isLost(name: string): Promise<boolean>
}

export function checkNames(audited: TestDatabase): NameCheck {
  const seen = { Account_audit: 0, Entry_audit: 0 }
  const tables = Object.keys(seen) as readonly (keyof typeof seen)[]
  return {
    async isLost(name) {
      let lost = 0
      for (const table of tables) {
        const [row] = await audited.query<{ lost: number; last: number }>(
          `SELECT count(*) FILTER (WHERE audit_username IS DISTINCT FROM $2)::int AS lost,
             coalesce(max(audit_id), $1)::int AS last
           FROM audit."${table}" WHERE audit_id > $1`,
          [seen[table], name],
        )
        seen[table] = row?.last ?? 0
        lost += row?.lost ?? 0
      }
      return lost > 0
    },
  }
}
