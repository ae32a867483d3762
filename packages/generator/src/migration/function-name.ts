import type { Node, TypeName } from 'libpg-query'
import type { WrittenFunction } from './condensed.ts'
import { objectName, typeOf } from './syntax-names.ts'
import { builtinTypeName } from './type-name.ts'

/** The types of the arguments that tell one function of a name from another, each spelled as written. */
export function argumentTypes(parameters: readonly Node[] | undefined): readonly string[] {
  return typesOf(parameters).map(spelled)
}

/** The same as PostgreSQL's catalog spells them: `text, bigint`. */
export function catalogArguments(parameters: readonly Node[] | undefined): string {
  return typesOf(parameters)
    .map((type) => builtinTypeName(typeOf(type)) ?? spelled(type))
    .join(', ')
}

function typesOf(parameters: readonly Node[] | undefined): readonly (TypeName | undefined)[] {
  return (parameters ?? []).flatMap((node) => {
    if (!('FunctionParameter' in node)) return []
    const { mode, argType } = node.FunctionParameter
    return mode === 'FUNC_PARAM_OUT' || mode === 'FUNC_PARAM_TABLE' ? [] : [argType]
  })
}

/** The function of a DROP or an ALTER; without arguments it means all of that name. */
export function functionName(node: Node | undefined): WrittenFunction {
  const name = objectName(node)
  if (!node || !('ObjectWithArgs' in node) || node.ObjectWithArgs.args_unspecified) return name
  const types = (node.ObjectWithArgs.objargs ?? []).map((each) =>
    spelled('TypeName' in each ? each.TypeName : undefined),
  )
  return { ...name, arguments: types }
}

function spelled(type: TypeName | undefined): string {
  const { names, array } = typeOf(type)
  return `${names.join('.')}${array ? '[]' : ''}`
}
