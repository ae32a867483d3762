import type { QualifiedName } from '../model/names.ts'
import { closeToWriters, quoted } from '../sql/repair-statements.ts'
import { type Finding, mendedBy } from './installation-status.ts'
import type { Grant } from './live-database.ts'

/**
 * Whether something belongs to whom it should.
 *
 * @param give the statement that gives it to him, for a person: who of two is right nobody else knows
 * @param whose what else is the expected owner's
 */
export function compareOwner(
  object: string,
  owner: string,
  expected: string,
  give: string,
  whose = 'the history',
): readonly Finding[] {
  if (owner === expected) return []
  const message = `belongs to ${owner}, and ${whose} to ${expected}`
  return [{ state: 'tampered', object, message, hint: give, isForPeople: true }]
}

/** Whether a table may be changed by others than its owner. Who may read it goes on reading it. */
export function compareWriters(name: QualifiedName, grants: readonly Grant[]): readonly Finding[] {
  const writers = grants.filter(isWriting)
  if (writers.length === 0) return []
  const object = `table ${quoted(name)}`
  const message = `may be changed by others than its owner: ${writers.map(renderGrant).join('; ')}`
  const roles = writers.map(({ role }) => role)
  return [mendedBy({ state: 'tampered', object, message }, closeToWriters(name, roles))]
}

/** `PUBLIC: EXECUTE` */
export function renderGrant({ role, privileges }: Grant): string {
  return `${role ?? 'PUBLIC'}: ${privileges.join(', ')}`
}

/** Its privileges change rows, or what happens to them; MAINTAIN changes none. */
function isWriting({ privileges }: Grant): boolean {
  return privileges.some((each) => each !== 'SELECT' && each !== 'MAINTAIN')
}
