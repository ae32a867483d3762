import { nameKey } from '../model/names.ts'
import type { FunctionBody, WrittenFunction, WrittenName } from './condensed.ts'
import { type FoldState, newName } from './fold-state.ts'

/** Keeps a function beside others of its name; one with the same arguments takes the place of the former. */
export function addFunction(state: FoldState, added: FunctionBody): void {
  const name = newName(state, added.function)
  const key = nameKey(name)
  const others = (state.functions.get(key) ?? []).filter((each) => !hasArguments(each, added.arguments))
  state.functions.set(key, [...others, { ...added, function: name }])
}

/** Takes a function away, or all of that name; gives what was taken. */
export function removeFunctions(state: FoldState, written: WrittenFunction): readonly FunctionBody[] {
  const key = schemasOf(state, written)
    .map((schema) => nameKey({ schema, name: written.name }))
    .find((each) => state.functions.has(each))
  const found = key === undefined ? undefined : state.functions.get(key)
  if (key === undefined || found === undefined) return []
  const isMeant = (each: FunctionBody) =>
    written.arguments === undefined || hasArguments(each, written.arguments)
  state.functions.set(
    key,
    found.filter((each) => !isMeant(each)),
  )
  return found.filter(isMeant)
}

/** ALTER FUNCTION … RENAME TO, SET SCHEMA. */
export function renameFunctions(
  state: FoldState,
  from: WrittenFunction,
  to: { readonly name: string } | { readonly schema: string },
): void {
  for (const each of removeFunctions(state, from)) {
    addFunction(state, { ...each, function: { ...each.function, ...to } })
  }
}

/** What ALTER SCHEMA … RENAME TO, or DROP SCHEMA (`to` is undefined then), does to the functions in it. */
export function moveFunctions(state: FoldState, schema: string, to: string | undefined): void {
  for (const each of [...state.functions.values()].flat()) {
    if (each.function.schema !== schema) continue
    removeFunctions(state, { ...each.function, arguments: each.arguments })
    if (to !== undefined) addFunction(state, { ...each, function: { ...each.function, schema: to } })
  }
}

/** All functions that a call may mean: which of them it is depends on the types of what is handed over. */
export function functionsCalled(state: FoldState, called: WrittenName): readonly FunctionBody[] {
  return schemasOf(state, called).flatMap(
    (schema) => state.functions.get(nameKey({ schema, name: called.name })) ?? [],
  )
}

function schemasOf(state: FoldState, { schema }: WrittenName): readonly string[] {
  return schema === undefined ? [...new Set(state.searchPath)] : [schema]
}

function hasArguments(body: FunctionBody, types: readonly string[]): boolean {
  return body.arguments.join() === types.join()
}
