import type { AlterTableStmt, ColumnDef, Constraint, CreateStmt, Node } from 'libpg-query'
import type {
  CreateTable,
  LikeClause,
  ReferenceAction,
  Span,
  TableCommand,
  WrittenColumn,
  WrittenForeignKey,
  WrittenPrimaryKey,
} from './condensed.ts'
import { columnsRead, relationName, strings, typeOf } from './syntax-names.ts'

const LIKE_GENERATED = 1 << 4
const LIKE_INDEXES = 1 << 6

/** What `CREATE TABLE` says, in the order in which it says it. */
export function condenseCreateTable(statement: CreateStmt, span: Span): CreateTable {
  const elements: (WrittenColumn | LikeClause)[] = []
  const constraints: { constraint: Constraint; column: string | undefined }[] = []
  const notNull: string[] = []
  for (const element of statement.tableElts ?? []) {
    if ('ColumnDef' in element) {
      const name = element.ColumnDef.colname ?? ''
      const own = columnConstraints(element.ColumnDef)
      for (const constraint of own) constraints.push({ constraint, column: name })
      // In a partition or a typed table a column without a type only adds to an inherited one.
      if (element.ColumnDef.typeName) elements.push(condenseColumn(element.ColumnDef))
      else if (own.some(({ contype }) => contype === 'CONSTR_NOTNULL')) notNull.push(name)
    } else if ('TableLikeClause' in element) {
      const options = element.TableLikeClause.options ?? 0
      elements.push({
        like: relationName(element.TableLikeClause.relation),
        withIndexes: (options & LIKE_INDEXES) !== 0,
        withGenerated: (options & LIKE_GENERATED) !== 0,
      })
    } else if ('Constraint' in element) {
      constraints.push({ constraint: element.Constraint, column: undefined })
      if (element.Constraint.contype === 'CONSTR_NOTNULL') notNull.push(...strings(element.Constraint.keys))
    }
  }
  const primary = constraints.find(({ constraint }) => constraint.contype === 'CONSTR_PRIMARY')
  const uniques = constraints.filter(
    ({ constraint }) => constraint.contype === 'CONSTR_UNIQUE' && constraint.deferrable,
  )
  return {
    kind: 'createTable',
    table: relationName(statement.relation),
    ifNotExists: statement.if_not_exists ?? false,
    temporary: statement.relation?.relpersistence === 't' || statement.relation?.schemaname === 'pg_temp',
    elements,
    inherits: (statement.inhRelations ?? []).map((node) =>
      relationName('RangeVar' in node ? node.RangeVar : undefined),
    ),
    isPartition: statement.partbound !== undefined,
    partitioned: statement.partspec !== undefined,
    ...(primary ? { primaryKey: condensePrimaryKey(primary.constraint, primary.column) } : {}),
    ...(uniques.length === 0
      ? {}
      : { uniques: uniques.map(({ constraint, column }) => condensePrimaryKey(constraint, column)) }),
    foreignKeys: constraints
      .filter(({ constraint }) => constraint.contype === 'CONSTR_FOREIGN')
      .map(({ constraint, column }) => condenseForeignKey(constraint, column)),
    notNull,
    span,
  }
}

/** What `ALTER TABLE` changes; commands that touch neither columns nor keys (defaults, owners, …) are left out. */
export function condenseAlterTable(statement: AlterTableStmt): TableCommand[] {
  return (statement.cmds ?? []).flatMap((node) => ('AlterTableCmd' in node ? condenseCommand(node) : []))
}

function condenseCommand({
  AlterTableCmd: command,
}: Extract<Node, { AlterTableCmd: unknown }>): TableCommand[] {
  const column = command.name ?? ''
  const ifExists = command.missing_ok ?? false
  const { def } = command
  switch (command.subtype) {
    case 'AT_AddColumn':
      return def && 'ColumnDef' in def ? condenseAddColumn(def.ColumnDef, ifExists) : []
    case 'AT_DropColumn':
      return [{ do: 'dropColumn', column, ifExists, cascade: command.behavior === 'DROP_CASCADE' }]
    case 'AT_AlterColumnType':
      return def && 'ColumnDef' in def
        ? [{ do: 'alterType', column, type: typeOf(def.ColumnDef.typeName) }]
        : []
    case 'AT_SetNotNull':
      return [{ do: 'setNotNull', column }]
    case 'AT_DropNotNull':
      return [{ do: 'dropNotNull', column }]
    case 'AT_DropExpression':
      return [{ do: 'dropExpression', column }]
    case 'AT_SetExpression':
      return [{ do: 'setExpression', column, reads: columnsRead(def) }]
    case 'AT_AddConstraint':
      return def && 'Constraint' in def ? condenseAddConstraint(def.Constraint, undefined) : []
    case 'AT_DropConstraint':
      return [{ do: 'dropConstraint', constraint: column }]
    case 'AT_DisableTrig':
    case 'AT_EnableTrig':
    case 'AT_EnableAlwaysTrig':
      return [
        { do: command.subtype === 'AT_DisableTrig' ? 'disableTriggers' : 'enableTriggers', trigger: column },
      ]
    case 'AT_DisableTrigAll':
    case 'AT_DisableTrigUser':
      return [{ do: 'disableTriggers' }]
    case 'AT_EnableTrigAll':
    case 'AT_EnableTrigUser':
      return [{ do: 'enableTriggers' }]
    case 'AT_AttachPartition':
    case 'AT_DetachPartition':
      return def && 'PartitionCmd' in def
        ? [
            {
              do: command.subtype === 'AT_AttachPartition' ? 'attach' : 'detach',
              table: relationName(def.PartitionCmd.name),
            },
          ]
        : []
    case 'AT_AddInherit':
    case 'AT_DropInherit':
      return def && 'RangeVar' in def
        ? [
            {
              do: command.subtype === 'AT_AddInherit' ? 'inherit' : 'noInherit',
              table: relationName(def.RangeVar),
            },
          ]
        : []
    default:
      return []
  }
}

function condenseAddColumn(definition: ColumnDef, ifNotExists: boolean): TableCommand[] {
  const column = condenseColumn(definition)
  const constraints = columnConstraints(definition).filter(({ contype }) => contype !== 'CONSTR_NOTNULL')
  return [
    { do: 'addColumn', column, ifNotExists },
    ...constraints.flatMap((constraint) => condenseAddConstraint(constraint, column.name)),
  ]
}

function condenseAddConstraint(constraint: Constraint, column: string | undefined): TableCommand[] {
  switch (constraint.contype) {
    case 'CONSTR_PRIMARY':
      return [{ do: 'addPrimaryKey', primaryKey: condensePrimaryKey(constraint, column) }]
    case 'CONSTR_UNIQUE':
      return constraint.deferrable
        ? [{ do: 'addUnique', unique: condensePrimaryKey(constraint, column) }]
        : []
    case 'CONSTR_FOREIGN':
      return [{ do: 'addForeignKey', foreignKey: condenseForeignKey(constraint, column) }]
    case 'CONSTR_NOTNULL':
      return strings(constraint.keys).map((key) => ({
        do: 'notNullConstraint' as const,
        column: key,
        ...named(constraint),
      }))
    default:
      return []
  }
}

const SERIAL: Readonly<Record<string, string>> = {
  smallserial: 'int2',
  serial2: 'int2',
  serial: 'int4',
  serial4: 'int4',
  bigserial: 'int8',
  serial8: 'int8',
}

function condenseColumn(definition: ColumnDef): WrittenColumn {
  const written = typeOf(definition.typeName)
  const serial = written.names.length === 1 ? SERIAL[written.names[0] ?? ''] : undefined
  const constraints = columnConstraints(definition)
  const has = (...kinds: Constraint['contype'][]) =>
    constraints.some(({ contype }) => kinds.includes(contype))
  const generated = constraints.find(({ contype }) => contype === 'CONSTR_GENERATED')
  return {
    name: definition.colname ?? '',
    type: serial ? { names: ['pg_catalog', serial], modifiers: [], array: false } : written,
    notNull: serial !== undefined || has('CONSTR_NOTNULL', 'CONSTR_PRIMARY', 'CONSTR_IDENTITY'),
    virtual: generated?.generated_kind === 'v',
    ...(generated === undefined ? {} : { reads: columnsRead(generated.raw_expr) }),
  }
}

/** What makes a constraint of a column deferrable stands after it, as one of its own. */
function columnConstraints(definition: ColumnDef): Constraint[] {
  const found: Constraint[] = []
  for (const node of definition.constraints ?? []) {
    if (!('Constraint' in node)) continue
    const { contype } = node.Constraint
    const last = found.pop()
    if (last !== undefined && (contype === 'CONSTR_ATTR_DEFERRABLE' || contype === 'CONSTR_ATTR_DEFERRED')) {
      found.push({ ...last, deferrable: true })
    } else found.push(...(last === undefined ? [] : [last]), node.Constraint)
  }
  return found
}

function condensePrimaryKey(constraint: Constraint, column: string | undefined): WrittenPrimaryKey {
  return {
    ...named(constraint),
    columns: column === undefined ? strings(constraint.keys) : [column],
    ...(constraint.indexname === undefined ? {} : { usingIndex: constraint.indexname }),
    ...(constraint.deferrable ? { deferrable: true } : {}),
  }
}

function condenseForeignKey(constraint: Constraint, column: string | undefined): WrittenForeignKey {
  return {
    ...named(constraint),
    columns: column === undefined ? strings(constraint.fk_attrs) : [column],
    table: relationName(constraint.pktable),
    referenced: strings(constraint.pk_attrs),
    onDelete: referenceAction(constraint.fk_del_action),
    onUpdate: referenceAction(constraint.fk_upd_action),
  }
}

function referenceAction(code: string | undefined): ReferenceAction {
  return code === 'r' || code === 'c' || code === 'n' || code === 'd' ? code : 'a'
}

function named(constraint: Constraint): { constraint?: string } {
  return constraint.conname === undefined ? {} : { constraint: constraint.conname }
}
