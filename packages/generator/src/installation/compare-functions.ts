import { nameKey } from '../model/names.ts'
import type { WrittenFunctionText } from '../model/written-function.ts'
import { BASE_FUNCTIONS, SHARED_PREFIX } from '../sql/object-names.ts'
import { closeFunction, giveFunction, quoted } from '../sql/repair-statements.ts'
import { compareOwner, renderGrant } from './compare-rights.ts'
import { type Finding, mendedBy } from './installation-status.ts'
import type { LiveFunction } from './live-database.ts'

export interface FunctionsThere {
  readonly schema: string
  readonly live: readonly LiveFunction[]
  /** By `nameKey`, in the order of the folder. */
  readonly written: ReadonlyMap<string, readonly WrittenFunctionText[]>
  /** The role that owns the histories. */
  readonly owner: string
  /** What brings back what is missing. */
  readonly remedy: string
  /** The database lacks migrations: what is otherwise may be as an earlier one made it. */
  readonly isBehind: boolean
}

/** What a function that all tables share is called in the audit schema. */
export function baseName(role: keyof typeof BASE_FUNCTIONS, shared: true | undefined): string {
  return shared ? SHARED_PREFIX + BASE_FUNCTIONS[role] : BASE_FUNCTIONS[role]
}

/**
 * Whether a function is there, as the last migration wrote it, and open to nobody.
 *
 * @param mayBeCalled by everybody
 */
export function compareFunction(
  { schema, live, written, owner, remedy }: FunctionsThere,
  name: string,
  mayBeCalled = false,
): readonly Finding[] {
  const object = `function ${quoted({ schema, name })}`
  const texts = written.get(nameKey({ schema, name })) ?? []
  const found = ownFunction(live, name, texts)
  if (found === undefined) return [{ state: 'missing', object, message: 'is not there', hint: remedy }]
  const routine = { schema, name, arguments: found.arguments }
  const findings: Finding[] = []
  const now = texts.at(-1)
  const is = (text: WrittenFunctionText) => isSameFunction(found, text)
  const former = texts.findLast(is)
  if (now !== undefined && !is(now)) {
    findings.push(
      former === undefined
        ? { state: 'tampered', object, message: 'is as no migration made it', hint: remedy }
        : { state: 'outdated', object, message: `is as migration ${former.migration} made it`, hint: remedy },
    )
  }
  findings.push(...compareOwner(object, found.owner, owner, giveFunction(routine, owner)))
  const open = mayBeCalled ? [] : found.grants
  if (open.length > 0) {
    const message = `may be called by others than its owner: ${open.map(renderGrant).join('; ')}`
    const roles = open.map(({ role }) => role)
    findings.push(mendedBy({ state: 'tampered', object, message }, closeFunction(routine, roles)))
  }
  return findings
}

/** Of the functions of a name the one that has the arguments of the last migration that wrote one. */
export function ownFunction(
  live: readonly LiveFunction[],
  name: string,
  texts: readonly WrittenFunctionText[],
): LiveFunction | undefined {
  const expected = texts.at(-1)?.arguments
  return live.find((each) => each.name === name && (expected === undefined || each.arguments === expected))
}

function isSameFunction(live: LiveFunction, text: WrittenFunctionText): boolean {
  const settings = (each: readonly string[]) => each.toSorted().join('\n').toLowerCase()
  return (
    live.body === text.body &&
    live.isDefiner === text.isDefiner &&
    settings(live.settings) === settings(text.settings)
  )
}
