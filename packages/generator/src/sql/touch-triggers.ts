import type { AuditTableObject } from '../state/database-state.ts'
import { ident, join, qualified, sql, sqlText } from './sql.ts'
import { triggersOf } from './trigger-definitions.ts'

/** One statement, and so one lock: `ALTER TABLE "public"."Order" DISABLE TRIGGER "audit_insert", …` */
export function disableTriggers(table: AuditTableObject): string {
  return touchTriggers(table, 'DISABLE')
}

/** As they fire otherwise. */
export function enableTriggers(table: AuditTableObject): string {
  return touchTriggers(table, table.enableAlways ? 'ENABLE ALWAYS' : 'ENABLE')
}

function touchTriggers(table: AuditTableObject, how: keyof typeof HOW): string {
  const each = triggersOf(table).map(({ name }) => sql`${HOW[how]} TRIGGER ${ident(name)}`)
  return sqlText(sql`ALTER TABLE ${qualified(table.source)}
  ${join(each, sql`,\n`)}`)
}

const HOW = { DISABLE: sql`DISABLE`, ENABLE: sql`ENABLE`, 'ENABLE ALWAYS': sql`ENABLE ALWAYS` } as const
