import type { Node, RangeVar, TypeName } from 'libpg-query'
import type { WrittenName, WrittenType } from './condensed.ts'

/** The strings of a list of String nodes, such as the parts of a name. */
export function strings(nodes: readonly Node[] | undefined): string[] {
  const found: string[] = []
  for (const node of nodes ?? []) if ('String' in node) found.push(node.String.sval ?? '')
  return found
}

/** A name from its parts, the last two of them: a database's name in front says nothing here. */
export function nameOf(parts: readonly string[]): WrittenName {
  const name = parts.at(-1) ?? ''
  const schema = parts.at(-2)
  return schema === undefined ? { name } : { schema, name }
}

export function relationName(relation: RangeVar | undefined): WrittenName {
  const name = relation?.relname ?? ''
  return relation?.schemaname === undefined ? { name } : { schema: relation.schemaname, name }
}

/** The name that a DROP, ALTER or RENAME of something other than a table carries. */
export function objectName(node: Node | undefined): WrittenName {
  if (node === undefined) return { name: '' }
  if ('List' in node) return nameOf(strings(node.List.items))
  if ('TypeName' in node) return nameOf(strings(node.TypeName.names))
  if ('ObjectWithArgs' in node) return nameOf(strings(node.ObjectWithArgs.objname))
  if ('String' in node) return { name: node.String.sval ?? '' }
  return { name: '' }
}

export function typeOf(type: TypeName | undefined): WrittenType {
  const modifiers: number[] = []
  for (const node of type?.typmods ?? []) {
    if ('A_Const' in node && node.A_Const.ival) modifiers.push(node.A_Const.ival.ival ?? 0)
  }
  return { names: strings(type?.names), modifiers, array: (type?.arrayBounds?.length ?? 0) > 0 }
}

/** The columns that an expression over one table names, whatever it does with them, each once. */
export function columnsRead(expression: Node | undefined): string[] {
  const found = new Set<string>()
  const visit = (node: unknown): void => {
    if (node === null || typeof node !== 'object') return
    if ('ColumnRef' in node) {
      // Before the column's name there may be that of its table.
      const [name] = strings((node as Extract<Node, { ColumnRef: unknown }>).ColumnRef.fields).slice(-1)
      if (name !== undefined) found.add(name)
    }
    for (const each of Object.values(node)) visit(each)
  }
  visit(expression)
  return [...found]
}
