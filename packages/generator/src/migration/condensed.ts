/**
 * What the fold needs of a migration file: plain JSON, so that it can be kept in a cache and the
 * parser need not start at all. A name is as written: what it means depends on the files before.
 */

/** Line and column (from 1, UTF-16 code units) and the length on that line. */
export type Span = readonly [line: number, column: number, length: number]

export interface WrittenName {
  readonly schema?: string
  readonly name: string
}

/** `numeric(10,2)[]` is `{ names: ['pg_catalog', 'numeric'], modifiers: [10, 2], array: true }`. */
export interface WrittenType {
  readonly names: readonly string[]
  readonly modifiers: readonly number[]
  readonly array: boolean
}

export interface WrittenColumn {
  readonly name: string
  readonly type: WrittenType
  readonly notNull: boolean
  readonly virtual: boolean
  /** The columns that its generation expression names; missing where it is not generated. */
  readonly reads?: readonly string[]
}

export interface WrittenPrimaryKey {
  readonly constraint?: string
  readonly columns: readonly string[]
  readonly usingIndex?: string
  readonly deferrable?: true
}

/** What happens to the referencing rows: `a` nothing, `r` refused, `c` cascade, `n` NULL, `d` default. */
export type ReferenceAction = 'a' | 'r' | 'c' | 'n' | 'd'

export interface WrittenForeignKey {
  readonly constraint?: string
  readonly columns: readonly string[]
  readonly table: WrittenName
  /** Empty: the primary key of `table`. */
  readonly referenced: readonly string[]
  readonly onDelete: ReferenceAction
  readonly onUpdate: ReferenceAction
}

/** `LIKE table INCLUDING …`, in its place among the columns. */
export interface LikeClause {
  readonly like: WrittenName
  readonly withIndexes: boolean
  readonly withGenerated: boolean
}

export interface CreateTable {
  readonly kind: 'createTable'
  readonly table: WrittenName
  readonly ifNotExists: boolean
  readonly temporary: boolean
  /** Why its columns are not in the file: it takes them from a query or a type. */
  readonly opaque?: string
  readonly elements: readonly (WrittenColumn | LikeClause)[]
  readonly inherits: readonly WrittenName[]
  readonly isPartition: boolean
  readonly partitioned: boolean
  readonly primaryKey?: WrittenPrimaryKey
  /** Only those that are deferrable. */
  readonly uniques?: readonly WrittenPrimaryKey[]
  readonly foreignKeys: readonly WrittenForeignKey[]
  /** Columns of `NOT NULL` written as table constraints or as overrides of inherited columns. */
  readonly notNull: readonly string[]
  readonly span: Span
}

export type TableCommand =
  | { readonly do: 'addColumn'; readonly column: WrittenColumn; readonly ifNotExists: boolean }
  | {
      readonly do: 'dropColumn'
      readonly column: string
      readonly ifExists: boolean
      readonly cascade: boolean
    }
  | { readonly do: 'alterType'; readonly column: string; readonly type: WrittenType }
  | { readonly do: 'setNotNull' | 'dropNotNull' | 'dropExpression'; readonly column: string }
  | { readonly do: 'setExpression'; readonly column: string; readonly reads: readonly string[] }
  | { readonly do: 'notNullConstraint'; readonly column: string; readonly constraint?: string }
  | { readonly do: 'addPrimaryKey'; readonly primaryKey: WrittenPrimaryKey }
  /** A deferrable one. */
  | { readonly do: 'addUnique'; readonly unique: WrittenPrimaryKey }
  | { readonly do: 'addForeignKey'; readonly foreignKey: WrittenForeignKey }
  | { readonly do: 'dropConstraint'; readonly constraint: string }
  /** No name: all of the table's triggers. */
  | { readonly do: 'disableTriggers' | 'enableTriggers'; readonly trigger?: string }
  | { readonly do: 'attach' | 'detach' | 'inherit' | 'noInherit'; readonly table: WrittenName }

export interface AlterTable {
  readonly kind: 'alterTable'
  readonly table: WrittenName
  readonly ifExists: boolean
  readonly commands: readonly TableCommand[]
  readonly span: Span
}

export type DataVerb = 'INSERT' | 'UPDATE' | 'DELETE' | 'MERGE' | 'COPY' | 'TRUNCATE'

export interface Change {
  readonly kind: 'change'
  readonly verb: DataVerb
  readonly table: WrittenName
  /** The columns that an UPDATE sets; absent: any. */
  readonly columns?: readonly string[]
  /** TRUNCATE … CASCADE. */
  readonly cascade: boolean
  readonly span: Span
}

/** A function of a name; without arguments all of them. */
export interface WrittenFunction extends WrittenName {
  readonly arguments?: readonly string[]
}

/** What a function does when it is called. */
export interface FunctionBody {
  readonly kind: 'createFunction'
  readonly function: WrittenName
  readonly arguments: readonly string[]
  readonly body: readonly Statement[]
}

export type Statement =
  | CreateTable
  | AlterTable
  | Change
  | FunctionBody
  /** PREPARE: what EXECUTE of that name does, in this session. */
  | { readonly kind: 'prepare'; readonly name: string; readonly body: readonly Statement[] }
  | { readonly kind: 'execute'; readonly name: string; readonly span: Span }
  | { readonly kind: 'call'; readonly function: WrittenName; readonly span: Span }
  | {
      readonly kind: 'renameTable'
      readonly table: WrittenName
      readonly to: string
      readonly ifExists: boolean
      readonly span: Span
    }
  | {
      readonly kind: 'renameColumn'
      readonly table: WrittenName
      readonly from: string
      readonly to: string
      readonly ifExists: boolean
      readonly span: Span
    }
  | {
      readonly kind: 'renameConstraint'
      readonly table: WrittenName
      readonly from: string
      readonly to: string
    }
  | {
      readonly kind: 'moveTable'
      readonly table: WrittenName
      readonly schema: string
      readonly ifExists: boolean
      readonly span: Span
    }
  | {
      readonly kind: 'drop'
      readonly what: 'table' | 'type' | 'schema' | 'index' | 'view' | 'function'
      readonly names: readonly WrittenFunction[]
      readonly ifExists: boolean
      readonly cascade: boolean
      readonly span: Span
    }
  /** DROP EXTENSION … CASCADE. */
  | { readonly kind: 'dropExtension'; readonly names: readonly string[]; readonly span: Span }
  /** Whatever gives a function another text or other options. */
  | { readonly kind: 'changeFunction'; readonly function: WrittenName; readonly span: Span }
  | {
      readonly kind: 'renameTrigger'
      readonly table: WrittenName
      readonly from: string
      readonly to: string
      readonly span: Span
    }
  /** SET session_replication_role: as `replica` no ordinary trigger fires. */
  | {
      readonly kind: 'replicationRole'
      readonly isReplica: boolean
      readonly local: boolean
      readonly span: Span
    }
  | {
      readonly kind: 'renameFunction'
      readonly function: WrittenFunction
      readonly to: { readonly name: string } | { readonly schema: string }
      readonly span: Span
    }
  | {
      readonly kind: 'createType'
      readonly type: WrittenName
      readonly values?: readonly string[]
      /** What a domain is over. */
      readonly base?: WrittenType
    }
  | {
      readonly kind: 'addEnumValue'
      readonly type: WrittenName
      readonly value: string
      readonly beside?: string
      readonly after: boolean
      readonly span: Span
    }
  | {
      readonly kind: 'renameEnumValue'
      readonly type: WrittenName
      readonly from: string
      readonly to: string
      readonly span: Span
    }
  | { readonly kind: 'renameType'; readonly type: WrittenName; readonly to: string; readonly span: Span }
  | { readonly kind: 'moveType'; readonly type: WrittenName; readonly schema: string; readonly span: Span }
  | {
      readonly kind: 'createIndex'
      readonly index: string
      readonly table: WrittenName
      readonly columns: readonly string[]
    }
  | { readonly kind: 'renameIndex'; readonly index: WrittenName; readonly to: string }
  | { readonly kind: 'createView'; readonly view: WrittenName }
  /** `elements`: what CREATE SCHEMA makes in it at once. */
  | { readonly kind: 'createSchema'; readonly schema: string; readonly elements: readonly Statement[] }
  | { readonly kind: 'renameSchema'; readonly from: string; readonly to: string; readonly span: Span }
  | {
      readonly kind: 'searchPath'
      readonly schemas?: readonly string[]
      readonly local: boolean
      readonly span: Span
    }
  | { readonly kind: 'setting'; readonly setting: string; readonly local: boolean; readonly isSet: boolean }
  | { readonly kind: 'resetSettings' }
  /** COMMIT or ROLLBACK: what was set for the transaction is gone. */
  | { readonly kind: 'endTransaction'; readonly rollback: boolean; readonly span: Span }
  /** SAVEPOINT, RELEASE, ROLLBACK TO. */
  | { readonly kind: 'savepoint'; readonly do: 'set' | 'release' | 'rollback'; readonly name: string }
  /** Statements that may or may not run: what they set does not count afterwards. */
  | { readonly kind: 'branch'; readonly body: readonly Statement[] }
  | {
      readonly kind: 'notInterpreted'
      readonly reason: string
      readonly span: Span
      /** The whole statement, or the file that does not parse. */
      readonly text?: string
    }

export interface CondensedFile {
  readonly statements: readonly Statement[]
  /** How many of `statements` come before our own audit part. */
  readonly own: number
}
