import { compactBody } from '../sql/compact-function.ts'
import { eraseBody } from '../sql/erase-function.ts'
import { BASE_FUNCTIONS, SHARED_PREFIX } from '../sql/object-names.ts'
import { atLeastOf, pruneBody } from '../sql/prune-function.ts'
import { quoted } from '../sql/repair-statements.ts'
import { type Sql, sqlText } from '../sql/sql.ts'
import type { AuditHome } from '../state/database-state.ts'
import type { Finding } from './installation-status.ts'
import type { LiveFunction } from './live-database.ts'

/**
 * Whether the function of erasures, where it was set up, is as its set-up makes it: the guard of every history lets its owner through.
 * No migration makes it, and nobody but a person can run the set-up.
 */
export function compareErasure(home: AuditHome, functions: readonly LiveFunction[]): readonly Finding[] {
  return compareSetUp(home, functions, 'erase', () => sqlText(eraseBody(home)))
}

/** The same of the functions of prunings, whatever age their set-up has named. */
export function comparePruning(home: AuditHome, functions: readonly LiveFunction[]): readonly Finding[] {
  const ofAge = (make: (home: AuditHome, atLeast: string) => Sql) => (body: string) => {
    const atLeast = atLeastOf(body)
    return atLeast === undefined ? undefined : sqlText(make(home, atLeast))
  }
  return [
    ...compareSetUp(home, functions, 'prune', ofAge(pruneBody)),
    ...compareSetUp(home, functions, 'compactPartition', ofAge(compactBody)),
  ]
}

const SET_UPS = {
  erase: { of: 'erasure', command: 'eraser', arguments: 'jsonb, text, text' },
  prune: { of: 'pruning', command: 'pruner', arguments: 'jsonb' },
  compactPartition: {
    of: 'pruning',
    command: 'pruner',
    arguments: 'regclass, timestamp with time zone',
  },
} as const

/** The types of the arguments of a function that a set-up makes, in a schema of the audit's own; none of other functions. */
export function setUpArguments(name: string): readonly string[] {
  const roles = Object.keys(SET_UPS) as (keyof typeof SET_UPS)[]
  return roles.filter((role) => BASE_FUNCTIONS[role] === name).map((role) => SET_UPS[role].arguments)
}

function compareSetUp(
  home: AuditHome,
  functions: readonly LiveFunction[],
  role: keyof typeof SET_UPS,
  asMade: (body: string) => string | undefined,
): readonly Finding[] {
  const name = home.shared ? SHARED_PREFIX + BASE_FUNCTIONS[role] : BASE_FUNCTIONS[role]
  const found = functions.find((each) => each.name === name && each.arguments === SET_UPS[role].arguments)
  // In a schema that is shared it may be the application's.
  if (found === undefined || (home.shared && !found.isDefiner)) return []
  // Another search_path would have it call somebody else's functions.
  const isPinned = found.settings.includes('search_path=pg_catalog, pg_temp')
  if (found.isDefiner && isPinned && found.body === `\n${asMade(found.body)}\n`) return []
  return [
    {
      state: 'tampered',
      object: `function ${quoted({ schema: home.schema, name })}`,
      message: `is not as the set-up of ${SET_UPS[role].of} makes it, that of this version`,
      hint: `Print the set-up and run it again: npx prisma-generator-audit ${SET_UPS[role].command}`,
      isForPeople: true,
    },
  ]
}
