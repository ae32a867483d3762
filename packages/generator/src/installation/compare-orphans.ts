import { nameKey } from '../model/names.ts'
import { AUDIT_COLUMNS, BASE_FUNCTIONS } from '../sql/object-names.ts'
import { dropFunction, dropTrigger, quoted } from '../sql/repair-statements.ts'
import { triggersOf } from '../sql/trigger-definitions.ts'
import { functionNames } from '../sql/triggers.ts'
import type { DatabaseState } from '../state/database-state.ts'
import { baseName } from './compare-functions.ts'
import type { Finding } from './installation-status.ts'
import type { LiveDatabase } from './live-database.ts'

/** What calls our functions and is no table's, and functions that nothing audited has any more. */
export function orphans({ schema, tables }: DatabaseState, live: LiveDatabase): readonly Finding[] {
  const capturing = tables.filter((table) => table.capturing)
  const wanted = new Set(
    capturing.flatMap((table) =>
      triggersOf(table).map(({ name }) => JSON.stringify([nameKey(table.source), name])),
    ),
  )
  const triggers = live.triggers
    .filter(({ name, on, of }) => of === null && !wanted.has(JSON.stringify([nameKey(on), name])))
    .filter(
      ({ on, function: called }) =>
        on.schema !== schema?.name || called !== baseName('appendOnly', schema.shared),
    )
    .map(({ name, on, function: called }): Finding => {
      const object = `trigger "${name}" on ${quoted(on)}`
      const message = `calls "${called}", and no migration has it do so`
      return { state: 'orphaned', object, message, hint: dropTrigger(on, name) }
    })
  if (schema === undefined || schema.shared) return triggers
  const known = new Set([...Object.values(BASE_FUNCTIONS), ...capturing.flatMap(functionNames)])
  const functions = live.functions
    .filter(({ name }) => !known.has(name))
    .map(({ name }): Finding => {
      const own = { schema: schema.name, name }
      const [object, hint] = [`function ${quoted(own)}`, dropFunction(own)]
      return { state: 'orphaned', object, message: 'belongs to no audited table', hint }
    })
  return [...triggers, ...functions]
}

/** A partition that was detached, and not dropped. Nothing writes it, and no question finds its rows. */
export function leftOver({ schema, tables }: DatabaseState, live: LiveDatabase): readonly Finding[] {
  if (schema === undefined) return []
  const guard = baseName('appendOnly', schema.shared)
  const known = new Set(tables.map(({ names }) => names.table))
  return live.histories
    .filter(({ name, isNumbered, columns }) => !isNumbered && !known.has(name) && hasFacts(columns))
    .filter(({ name }) =>
      live.triggers.some(
        ({ on, function: called }) => on.schema === schema.name && on.name === name && called === guard,
      ),
    )
    .map(
      ({ name }): Finding => ({
        state: 'orphaned',
        object: `table ${quoted({ schema: schema.name, name })}`,
        message: 'has the guard of a history and is a partition of none: its rows are no part of any history',
        hint: 'Attach it again (ALTER TABLE … ATTACH PARTITION), or drop it if what it holds may go.',
        isForPeople: true,
      }),
    )
}

function hasFacts(columns: readonly { readonly name: string }[]): boolean {
  return Object.values(AUDIT_COLUMNS).every((fact) => columns.some(({ name }) => name === fact))
}
