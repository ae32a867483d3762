import type { ColumnType, ColumnTypeName } from '../model/column-type.ts'
import type { ScalarType } from '../model/history-model.ts'

export type PrismaScalar = ScalarType

/** A native type: its PostgreSQL name, what PostgreSQL adds where it stands bare, how many arguments it takes. */
interface NativeType {
  readonly name: ColumnTypeName
  readonly bareArgs?: readonly number[]
  readonly maxArgs?: number
}

interface ScalarTypes {
  /** What Prisma's migrations create where the field names no native type. */
  readonly plain: Omit<ColumnType, 'list'>
  readonly native: Readonly<Record<string, NativeType>>
}

/**
 * Prisma's scalars and their `@db.*` types on PostgreSQL, as its schema engine creates them: `CHAR` and `BIT`
 * without a length are of length 1 in PostgreSQL, `DECIMAL`, `VARCHAR` and the times are unlimited. citext is an
 * extension's type and is kept as text.
 */
const SCALARS = {
  String: {
    plain: { name: 'text', args: [] },
    native: {
      Text: { name: 'text' },
      VarChar: { name: 'varchar', maxArgs: 1 },
      Char: { name: 'char', bareArgs: [1], maxArgs: 1 },
      Uuid: { name: 'uuid' },
      Xml: { name: 'xml' },
      Inet: { name: 'inet' },
      Citext: { name: 'text' },
      Bit: { name: 'bit', bareArgs: [1], maxArgs: 1 },
      VarBit: { name: 'varbit', maxArgs: 1 },
    },
  },
  Int: {
    plain: { name: 'integer', args: [] },
    native: { Integer: { name: 'integer' }, SmallInt: { name: 'smallint' }, Oid: { name: 'oid' } },
  },
  BigInt: { plain: { name: 'bigint', args: [] }, native: { BigInt: { name: 'bigint' } } },
  Float: {
    plain: { name: 'double precision', args: [] },
    native: { DoublePrecision: { name: 'double precision' }, Real: { name: 'real' } },
  },
  Decimal: {
    plain: { name: 'numeric', args: [65, 30] },
    native: { Decimal: { name: 'numeric', maxArgs: 2 }, Money: { name: 'money' } },
  },
  Boolean: { plain: { name: 'boolean', args: [] }, native: { Boolean: { name: 'boolean' } } },
  DateTime: {
    plain: { name: 'timestamp', args: [3] },
    native: {
      Timestamp: { name: 'timestamp', maxArgs: 1 },
      Timestamptz: { name: 'timestamptz', maxArgs: 1 },
      Date: { name: 'date' },
      Time: { name: 'time', maxArgs: 1 },
      Timetz: { name: 'timetz', maxArgs: 1 },
    },
  },
  Bytes: { plain: { name: 'bytea', args: [] }, native: { ByteA: { name: 'bytea' } } },
  Json: {
    plain: { name: 'jsonb', args: [] },
    native: { Json: { name: 'json' }, JsonB: { name: 'jsonb' } },
  },
} satisfies Record<PrismaScalar, ScalarTypes>

export const TEXT: ColumnType = { name: 'text', args: [], list: false }

/** How an enum's values stand in the history: the application may drop the enum type, the history stays. */
export function enumColumnType(list: boolean): ColumnType {
  return { ...TEXT, list }
}

/**
 * The type of a column that Prisma creates for a scalar field, or nothing where the table does not know the
 * native type or its arguments.
 *
 * @param native `['VarChar', ['20']]`, as the DMMF gives it.
 */
export function columnType(
  scalar: PrismaScalar,
  native: readonly [string, readonly string[]] | null,
  list: boolean,
): ColumnType | undefined {
  const { plain, native: known } = scalarTypes(scalar)
  if (!native) return { ...plain, list }
  const [nativeName, rawArgs] = native
  const type = Object.hasOwn(known, nativeName) ? known[nativeName] : undefined
  if (!type || rawArgs.length > (type.maxArgs ?? 0) || !rawArgs.every((arg) => /^\d{1,9}$/.test(arg))) {
    return undefined
  }
  const args = rawArgs.length > 0 ? rawArgs.map(Number) : (type.bareArgs ?? [])
  return { name: type.name, args, list }
}

/** The native types that a scalar may have, without `@db.`. */
export function nativeTypeNames(scalar: PrismaScalar): readonly string[] {
  return Object.keys(SCALARS[scalar].native)
}

export function isPrismaScalar(name: string): name is PrismaScalar {
  return Object.hasOwn(SCALARS, name)
}

/** Widens one row of the table to its common shape. */
function scalarTypes(scalar: PrismaScalar): ScalarTypes {
  return SCALARS[scalar]
}
