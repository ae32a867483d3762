import type { Node, RangeVar } from 'libpg-query'
import { condenseSearchPathCall, condenseSet, condenseTransaction } from './condense-session.ts'
import { condenseAlterTable, condenseCreateTable } from './condense-table.ts'
import { condenseWrites, type TreeSource } from './condense-writes.ts'
import type { Span, Statement, WrittenName } from './condensed.ts'
import { functionName } from './function-name.ts'
import { nameOf, objectName, relationName, strings, typeOf } from './syntax-names.ts'

/**
 * What one statement does to tables, types and settings. DO blocks and functions are not here: see
 * `condense-plpgsql.ts`. Statements that touch nothing the fold knows (grants, comments, …) give nothing.
 */
export function condenseStatement(node: Node, source: TreeSource, span: Span): Statement[] {
  if ('CreateStmt' in node) {
    const created = condenseCreateTable(node.CreateStmt, span)
    return [
      node.CreateStmt.ofTypename
        ? { ...created, opaque: 'CREATE TABLE … OF takes its columns from a type' }
        : created,
    ]
  }
  if ('CreateForeignTableStmt' in node) return createView(node.CreateForeignTableStmt.base?.relation)
  if ('AlterTableStmt' in node) {
    const { objtype, relation, missing_ok } = node.AlterTableStmt
    const commands = condenseAlterTable(node.AlterTableStmt)
    if (objtype !== 'OBJECT_TABLE' || commands.length === 0) return []
    return [
      { kind: 'alterTable', table: relationName(relation), ifExists: missing_ok ?? false, commands, span },
    ]
  }
  if ('CreateTableAsStmt' in node) {
    const { into, objtype, if_not_exists: ifNotExists = false } = node.CreateTableAsStmt
    if (objtype === 'OBJECT_MATVIEW') return createView(into?.rel)
    const opaque = 'CREATE TABLE … AS takes its columns from a query'
    return [...condenseWrites(node, source), opaqueTable(into?.rel, opaque, span, ifNotExists)]
  }
  if ('SelectStmt' in node && node.SelectStmt.intoClause) {
    const opaque = 'SELECT INTO takes its columns from a query'
    return [...condenseWrites(node, source), opaqueTable(node.SelectStmt.intoClause.rel, opaque, span)]
  }
  if ('ViewStmt' in node) return createView(node.ViewStmt.view)
  if ('IndexStmt' in node) {
    const { idxname, relation, indexParams } = node.IndexStmt
    const columns = (indexParams ?? []).map((each) =>
      'IndexElem' in each ? (each.IndexElem.name ?? '') : '',
    )
    return idxname ? [{ kind: 'createIndex', index: idxname, table: relationName(relation), columns }] : []
  }
  if ('CreateSchemaStmt' in node) return condenseCreateSchema(node, source, span)
  if ('RenameStmt' in node) return condenseRename(node, span)
  if ('AlterObjectSchemaStmt' in node) {
    const { objectType, relation, object, newschema: schema = '', missing_ok } = node.AlterObjectSchemaStmt
    if (RELATIONS.has(objectType ?? '')) {
      const ifExists = missing_ok ?? false
      return [{ kind: 'moveTable', table: relationName(relation), schema, ifExists, span }]
    }
    if (objectType === 'OBJECT_TYPE' || objectType === 'OBJECT_DOMAIN') {
      return [{ kind: 'moveType', type: objectName(object), schema, span }]
    }
    if (DROPPED[objectType ?? ''] === 'function') {
      return [{ kind: 'renameFunction', function: functionName(object), to: { schema }, span }]
    }
    return []
  }
  if ('AlterFunctionStmt' in node) {
    const { func } = node.AlterFunctionStmt
    return [{ kind: 'changeFunction', function: functionName(func && { ObjectWithArgs: func }), span }]
  }
  if ('DropStmt' in node) return condenseDrop(node, span)
  if ('DropOwnedStmt' in node) {
    return [{ kind: 'notInterpreted', reason: 'DROP OWNED drops what the role owns', span }]
  }
  if ('ImportForeignSchemaStmt' in node) {
    const reason = 'IMPORT FOREIGN SCHEMA creates the tables that another server has'
    return [{ kind: 'notInterpreted', reason, span }]
  }
  if ('CreateEnumStmt' in node) {
    const { typeName, vals } = node.CreateEnumStmt
    return [{ kind: 'createType', type: nameOf(strings(typeName)), values: strings(vals) }]
  }
  if ('AlterEnumStmt' in node) return condenseAlterEnum(node, span)
  if ('CreateDomainStmt' in node) {
    const { domainname, typeName } = node.CreateDomainStmt
    return [{ kind: 'createType', type: nameOf(strings(domainname)), base: typeOf(typeName) }]
  }
  if ('CompositeTypeStmt' in node) return createType(relationName(node.CompositeTypeStmt.typevar))
  if ('CreateRangeStmt' in node) return createType(nameOf(strings(node.CreateRangeStmt.typeName)))
  if ('DefineStmt' in node) {
    return node.DefineStmt.kind === 'OBJECT_TYPE' ? createType(nameOf(strings(node.DefineStmt.defnames))) : []
  }
  if ('VariableSetStmt' in node) return condenseSet(node.VariableSetStmt, span)
  if ('DiscardStmt' in node)
    return node.DiscardStmt.target === 'DISCARD_ALL' ? [{ kind: 'resetSettings' }] : []
  if ('ExplainStmt' in node) return condenseExplain(node, source, span)
  if ('PrepareStmt' in node) {
    const { name = '', query } = node.PrepareStmt
    return [{ kind: 'prepare', name, body: query ? condenseStatement(query, source, span) : [] }]
  }
  if ('TransactionStmt' in node) return condenseTransaction(node.TransactionStmt, span)
  return [...condenseSearchPathCall(node, span), ...condenseWrites(node, source)]
}

/** EXPLAIN runs nothing, EXPLAIN ANALYZE all. */
function condenseExplain(
  { ExplainStmt: { options, query } }: Extract<Node, { ExplainStmt: unknown }>,
  source: TreeSource,
  span: Span,
): Statement[] {
  const analyze = (options ?? []).findLast(
    (each) => 'DefElem' in each && each.DefElem.defname?.toLowerCase() === 'analyze',
  )
  const value = analyze && 'DefElem' in analyze ? analyze.DefElem.arg : undefined
  const isOff =
    value !== undefined &&
    (('String' in value && /^(?:off|false)$/i.test(value.String.sval ?? '')) ||
      ('Integer' in value && (value.Integer.ival ?? 0) === 0))
  return analyze === undefined || isOff || query === undefined ? [] : condenseStatement(query, source, span)
}

function opaqueTable(
  relation: RangeVar | undefined,
  opaque: string,
  span: Span,
  ifNotExists = false,
): Statement {
  const create = { ...(relation === undefined ? {} : { relation }), if_not_exists: ifNotExists }
  return { ...condenseCreateTable(create, span), opaque }
}

function createView(relation: RangeVar | undefined): Statement[] {
  const view = relationName(relation)
  return [
    { kind: 'createView', view: relation?.relpersistence === 't' ? { ...view, schema: 'pg_temp' } : view },
  ]
}

function createType(type: WrittenName): Statement[] {
  return [{ kind: 'createType', type }]
}

/** Without a name the schema has that of its owner. */
function condenseCreateSchema(
  { CreateSchemaStmt: { schemaname, authrole, schemaElts } }: Extract<Node, { CreateSchemaStmt: unknown }>,
  source: TreeSource,
  span: Span,
): Statement[] {
  const schema = schemaname ?? authrole?.rolename
  if (schema === undefined) {
    const reason = 'CREATE SCHEMA takes its name from the role that runs it'
    return [{ kind: 'notInterpreted', reason, span }]
  }
  const elements = (schemaElts ?? []).flatMap((element) => condenseStatement(element, source, span))
  return [{ kind: 'createSchema', schema, elements }]
}

function condenseRename(
  { RenameStmt: statement }: Extract<Node, { RenameStmt: unknown }>,
  span: Span,
): Statement[] {
  const table = relationName(statement.relation)
  const { subname: from = '', newname: to = '', missing_ok: ifExists = false } = statement
  switch (statement.renameType) {
    case 'OBJECT_TABLE':
    case 'OBJECT_VIEW':
    case 'OBJECT_MATVIEW':
    case 'OBJECT_FOREIGN_TABLE':
      return [{ kind: 'renameTable', table, to, ifExists, span }]
    case 'OBJECT_COLUMN':
      return statement.relationType === 'OBJECT_TABLE'
        ? [{ kind: 'renameColumn', table, from, to, ifExists, span }]
        : []
    case 'OBJECT_TABCONSTRAINT':
      return [{ kind: 'renameConstraint', table, from, to }]
    case 'OBJECT_INDEX':
      return [{ kind: 'renameIndex', index: table, to }]
    case 'OBJECT_TYPE':
    case 'OBJECT_DOMAIN':
      return [{ kind: 'renameType', type: objectName(statement.object), to, span }]
    case 'OBJECT_FUNCTION':
    case 'OBJECT_PROCEDURE':
    case 'OBJECT_ROUTINE':
      return [{ kind: 'renameFunction', function: functionName(statement.object), to: { name: to }, span }]
    case 'OBJECT_TRIGGER':
      return [{ kind: 'renameTrigger', table, from, to, span }]
    case 'OBJECT_SCHEMA':
      return [{ kind: 'renameSchema', from, to, span }]
    default:
      return []
  }
}

/** What stands in one list of names with the tables. */
const RELATIONS = new Set(['OBJECT_TABLE', 'OBJECT_VIEW', 'OBJECT_MATVIEW', 'OBJECT_FOREIGN_TABLE'])

const DROPPED: Readonly<Record<string, 'table' | 'type' | 'schema' | 'index' | 'view' | 'function'>> = {
  OBJECT_TABLE: 'table',
  OBJECT_TYPE: 'type',
  OBJECT_DOMAIN: 'type',
  OBJECT_SCHEMA: 'schema',
  OBJECT_INDEX: 'index',
  OBJECT_VIEW: 'view',
  OBJECT_MATVIEW: 'view',
  OBJECT_FOREIGN_TABLE: 'view',
  OBJECT_FUNCTION: 'function',
  OBJECT_PROCEDURE: 'function',
  OBJECT_ROUTINE: 'function',
}

function condenseDrop(
  { DropStmt: statement }: Extract<Node, { DropStmt: unknown }>,
  span: Span,
): Statement[] {
  const cascade = statement.behavior === 'DROP_CASCADE'
  if (statement.removeType === 'OBJECT_EXTENSION' && cascade) {
    return [{ kind: 'dropExtension', names: strings(statement.objects), span }]
  }
  const what = DROPPED[statement.removeType ?? '']
  if (what === undefined) return []
  const names = (statement.objects ?? []).map(what === 'function' ? functionName : objectName)
  return [{ kind: 'drop', what, names, ifExists: statement.missing_ok ?? false, cascade, span }]
}

function condenseAlterEnum(
  { AlterEnumStmt: statement }: Extract<Node, { AlterEnumStmt: unknown }>,
  span: Span,
): Statement[] {
  const type = nameOf(strings(statement.typeName))
  const value = statement.newVal ?? ''
  if (statement.oldVal !== undefined)
    return [{ kind: 'renameEnumValue', type, from: statement.oldVal, to: value, span }]
  const beside = statement.newValNeighbor === undefined ? {} : { beside: statement.newValNeighbor }
  return [{ kind: 'addEnumValue', type, value, ...beside, after: statement.newValIsAfter ?? false, span }]
}
