/** A Prisma scalar type with values to write, and the types that a column of it may become. */
export interface ScalarType {
  /** As it stands in schema.prisma; `null` before `@db` is no part of it, a `?` is put behind the first word. */
  readonly prisma: string
  /** The text of the n-th value; all differ where the type is fit for a key. */
  readonly value: (n: number) => string
  readonly isKey?: true
  /** In Prisma's words, where a column of the type may be required. */
  readonly default?: string
  /** Changes that touch the catalog only: the audit column goes on. */
  readonly widen: readonly ScalarName[]
  /** Changes that Prisma makes with ALTER COLUMN TYPE and that rewrite: the audit column makes room. */
  readonly rewrite: readonly ScalarName[]
}

const day = (n: number) => String((n % 28) + 1).padStart(2, '0')
const uuid = (n: number) => `00000000-0000-4000-8000-${n.toString(16).padStart(12, '0')}`

export const SCALARS = {
  smallint: {
    prisma: 'Int @db.SmallInt',
    value: (n) => String(n % 30_000),
    default: '@default(3)',
    widen: [],
    rewrite: ['int', 'bigint', 'text'],
  },
  int: {
    prisma: 'Int',
    value: (n) => String(n),
    isKey: true,
    default: '@default(-7)',
    widen: [],
    rewrite: ['bigint', 'text', 'double'],
  },
  bigint: {
    prisma: 'BigInt',
    value: (n) => String(5_000_000_000 + n),
    isKey: true,
    default: '@default(9)',
    widen: [],
    rewrite: ['text', 'decimal'],
  },
  varchar: {
    prisma: 'String @db.VarChar(12)',
    value: (n) => `v'${n}`,
    isKey: true,
    default: '@default("it\'s")',
    widen: ['longVarchar', 'text'],
    rewrite: ['char'],
  },
  longVarchar: {
    prisma: 'String @db.VarChar(60)',
    value: (n) => `${'long '.repeat(9)}${n}`,
    isKey: true,
    widen: ['text'],
    rewrite: [],
  },
  text: {
    prisma: 'String',
    value: (n) => `${n} "quoted" \\ ✓ ${'text '.repeat(n % 20)}`,
    isKey: true,
    default: '@default("new")',
    widen: ['anyVarchar'],
    rewrite: [],
  },
  anyVarchar: {
    prisma: 'String @db.VarChar',
    value: (n) => `any ${n}`,
    isKey: true,
    widen: ['text'],
    rewrite: [],
  },
  char: { prisma: 'String @db.Char(14)', value: (n) => `c${n}`, widen: [], rewrite: ['text'] },
  uuid: { prisma: 'String @db.Uuid', value: uuid, isKey: true, widen: [], rewrite: ['text'] },
  decimal: {
    prisma: 'Decimal @db.Decimal(14, 2)',
    value: (n) => `${n}.25`,
    default: '@default(1.5)',
    widen: ['widerDecimal'],
    rewrite: ['finerDecimal', 'text'],
  },
  widerDecimal: {
    prisma: 'Decimal @db.Decimal(20, 2)',
    value: (n) => `${10 ** 14 + n}.75`,
    widen: [],
    rewrite: ['text'],
  },
  finerDecimal: { prisma: 'Decimal @db.Decimal(30, 6)', value: (n) => `${n}.123456`, widen: [], rewrite: [] },
  double: { prisma: 'Float', value: (n) => `${n}.5`, widen: [], rewrite: ['text'] },
  boolean: {
    prisma: 'Boolean',
    value: (n) => String(n % 2 === 0),
    default: '@default(true)',
    widen: [],
    rewrite: ['text'],
  },
  timestamp: {
    prisma: 'DateTime',
    value: (n) => `2026-02-${day(n)} 03:04:05.678`,
    default: '@default(now())',
    widen: [],
    rewrite: ['timestamptz', 'text'],
  },
  timestamptz: {
    prisma: 'DateTime @db.Timestamptz(3)',
    value: (n) => `2026-03-${day(n)} 03:04:05.678+02`,
    widen: ['finerTimestamptz'],
    rewrite: ['text'],
  },
  finerTimestamptz: {
    prisma: 'DateTime @db.Timestamptz(6)',
    value: (n) => `2026-03-${day(n)} 03:04:05.678901+02`,
    widen: [],
    rewrite: [],
  },
  date: { prisma: 'DateTime @db.Date', value: (n) => `2026-04-${day(n)}`, widen: [], rewrite: ['timestamp'] },
  json: {
    prisma: 'Json',
    value: (n) => `{"n": ${n}}`,
    default: '@default("{}")',
    widen: [],
    rewrite: ['text'],
  },
  bytes: {
    prisma: 'Bytes',
    value: (n) => `\\x${(n % 256).toString(16).padStart(2, '0')}ff`,
    widen: [],
    rewrite: [],
  },
  texts: { prisma: 'String[]', value: (n) => `{a,"b ${n}",NULL}`, widen: [], rewrite: [] },
} as const satisfies Record<
  string,
  Omit<ScalarType, 'widen' | 'rewrite'> & Record<'widen' | 'rewrite', readonly string[]>
>

export type ScalarName = keyof typeof SCALARS

export function scalar(name: ScalarName): ScalarType {
  return SCALARS[name]
}

export const SCALAR_NAMES = Object.keys(SCALARS) as readonly ScalarName[]
