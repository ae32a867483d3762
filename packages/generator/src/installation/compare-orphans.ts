import { nameKey } from '../model/names.ts'
import type { WrittenFunctions } from '../model/written-function.ts'
import { AUDIT_COLUMNS, BASE_FUNCTIONS } from '../sql/object-names.ts'
import { dropFunction, dropTrigger, quoted, signature } from '../sql/repair-statements.ts'
import { triggersOf } from '../sql/trigger-definitions.ts'
import { functionNames } from '../sql/triggers.ts'
import type { DatabaseState } from '../state/database-state.ts'
import { setUpArguments } from './compare-erasure.ts'
import { baseName } from './compare-functions.ts'
import type { Finding } from './installation-status.ts'
import type { LiveDatabase, LiveFunction } from './live-database.ts'

/** What calls our functions and is no table's, and functions that nothing audited has any more. */
export function orphans(
  { schema, tables }: DatabaseState,
  live: LiveDatabase,
  written: WrittenFunctions,
): readonly Finding[] {
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
  const known = new Set<string>([...Object.values(BASE_FUNCTIONS), ...capturing.flatMap(functionNames)])
  const functions = live.functions
    .filter((each) => !known.has(each.name) || !hasOwnArguments(schema.name, each, written))
    .map((each): Finding => {
      const own = { ...each, schema: schema.name }
      const object = `function ${known.has(each.name) ? signature(own) : quoted(own)}`
      return { state: 'orphaned', object, message: 'belongs to no audited table', hint: dropFunction(own) }
    })
  return [...triggers, ...functions]
}

/** A function of one of our names is ours by the arguments that a migration wrote, or a set-up. */
function hasOwnArguments(schema: string, found: LiveFunction, written: WrittenFunctions): boolean {
  const texts = written.get(nameKey({ schema, name: found.name })) ?? []
  const own = [...texts.map((text) => text.arguments), ...setUpArguments(found.name)]
  return own.length === 0 || own.includes(found.arguments)
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
