import type { CreateFunctionStmt, Node } from 'libpg-query'
import { nameKey } from '../model/names.ts'
import type { WrittenFunctions, WrittenFunctionText } from '../model/written-function.ts'
import { catalogArguments } from './function-name.ts'
import type { MigrationFile } from './migration-file.ts'
import { loadSqlParser } from './sql-parser.ts'

/** Reads the functions of audit parts out of the migrations that have one. */
export async function writtenFunctions(files: readonly MigrationFile[]): Promise<WrittenFunctions> {
  const { parse } = await loadSqlParser()
  const functions = new Map<string, WrittenFunctionText[]>()
  for (const { name: migration, text } of files) {
    if (!text.includes('-- prisma-generator-audit ')) continue
    const parsed = parse(text)
    if (!parsed.ok) continue
    for (const { node } of parsed.statements) {
      if (!('CreateFunctionStmt' in node)) continue
      const { funcname = [], options = [], parameters } = node.CreateFunctionStmt
      const [schema = '', name = ''] = funcname.map(stringOf)
      const written = functions.get(nameKey({ schema, name })) ?? []
      written.push({ migration, arguments: catalogArguments(parameters), ...definition(options) })
      functions.set(nameKey({ schema, name }), written)
    }
  }
  return functions
}

function definition(
  options: NonNullable<CreateFunctionStmt['options']>,
): Omit<WrittenFunctionText, 'migration' | 'arguments'> {
  const settings: string[] = []
  let body = ''
  let isDefiner = false
  for (const option of options) {
    if (!('DefElem' in option)) continue
    const { defname, arg } = option.DefElem
    if (arg === undefined) continue
    if (defname === 'as' && 'List' in arg) body = stringOf(arg.List.items?.[0])
    if (defname === 'security' && 'Boolean' in arg) isDefiner = arg.Boolean.boolval === true
    if (defname === 'set' && 'VariableSetStmt' in arg) {
      const { name, args = [] } = arg.VariableSetStmt
      settings.push(`${name}=${args.map(constantOf).join(', ')}`)
    }
  }
  return { body, isDefiner, settings }
}

function stringOf(node: Node | undefined): string {
  return node !== undefined && 'String' in node ? (node.String.sval ?? '') : ''
}

function constantOf(node: Node): string {
  if (!('A_Const' in node)) return ''
  const { sval, ival } = node.A_Const
  return sval?.sval ?? String(ival?.ival ?? 0)
}
