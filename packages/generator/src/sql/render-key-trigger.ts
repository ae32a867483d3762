import type { AuditTableObject } from '../state/database-state.ts'
import { sqlText } from './sql.ts'
import { renderKeyTriggerGone, renderTriggers } from './triggers.ts'

/** `DROP TRIGGER IF EXISTS "audit_key" ON "public"."Order";`: PostgreSQL retypes no column that it names (0A000). */
export function renderKeyTriggerAside(table: AuditTableObject): string {
  return `${sqlText(renderKeyTriggerGone(table))}\n`
}

/** Puts the key's trigger back as it was: a DO block that leaves those alone that are there. */
export function renderKeyTriggerBack(table: AuditTableObject): string {
  return `${sqlText(renderTriggers(table))}\n`
}
