import type { FunctionsThere } from './compare-functions.ts'
import { type Finding, mendedBy } from './installation-status.ts'
import type { LiveTrigger } from './live-database.ts'
import { isSameTrigger } from './same-trigger.ts'

/** A trigger of the name that calls a function of somebody else's is none of ours: it is missing, and its place taken back. */
export function compareTrigger(
  object: string,
  found: LiveTrigger | undefined,
  {
    name,
    statement,
    always,
  }: { readonly name: string; readonly statement: string; readonly always: boolean },
  { remedy, isBehind }: FunctionsThere,
  enable: string,
): readonly Finding[] {
  if (found === undefined) {
    return [{ state: 'missing', object, message: 'is not there', hint: remedy, trigger: name }]
  }
  const findings: Finding[] = []
  const { definition, bases, operators } = found
  if (operators.length > 0 || !isSameTrigger(statement, definition, bases)) {
    const by = operators.length > 0 ? `, which compares by ${operators.join(', ')}` : ''
    const message = `is ${isBehind ? 'not yet as the migrations make it' : 'as no migration made it'}: ${definition}${by}`
    const state = isBehind ? 'outdated' : 'tampered'
    findings.push({ state, object, message, hint: remedy, trigger: name })
  }
  if (found.enabled !== (always ? 'A' : 'O') && !(found.enabled === 'A' && !always)) {
    findings.push(mendedBy({ state: 'disabled', object, message: firing(found.enabled) }, enable))
  }
  return findings
}

export function firing(enabled: string): string {
  switch (enabled) {
    case 'D':
      return 'is disabled'
    case 'R':
      return 'fires for what replication applies only'
    case 'O':
      return 'does not fire for what replication applies, nor under session_replication_role = replica'
    default:
      return `fires in the mode ${enabled}`
  }
}
