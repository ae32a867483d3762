import { eraseBody } from '../sql/erase-function.ts'
import { BASE_FUNCTIONS, SHARED_PREFIX } from '../sql/object-names.ts'
import { quoted } from '../sql/repair-statements.ts'
import { sqlText } from '../sql/sql.ts'
import type { AuditHome } from '../state/database-state.ts'
import type { Finding } from './installation-status.ts'
import type { LiveFunction } from './live-database.ts'

/**
 * Whether the function of erasures, where it was set up, is as its set-up makes it: the guard of every history lets its owner through.
 * No migration makes it, and nobody but a person can run the set-up.
 */
export function compareErasure(home: AuditHome, functions: readonly LiveFunction[]): readonly Finding[] {
  const name = home.shared ? SHARED_PREFIX + BASE_FUNCTIONS.erase : BASE_FUNCTIONS.erase
  const found = functions.find((each) => each.name === name)
  // In a schema that is shared it may be the application's.
  if (found === undefined || (home.shared && !found.isDefiner)) return []
  if (found.isDefiner && found.body === `\n${sqlText(eraseBody(home))}\n`) return []
  return [
    {
      state: 'tampered',
      object: `function ${quoted({ schema: home.schema, name })}`,
      message: 'is not as the set-up of erasure makes it, that of this version',
      hint: 'Print the set-up and run it again: npx prisma-generator-audit eraser',
      isForPeople: true,
    },
  ]
}
