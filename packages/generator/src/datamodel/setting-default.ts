import type { AttributeSyntax, ValueSyntax } from '../annotation/syntax.ts'
import type { SettingType } from '../model/audit-model.ts'
import type { ColumnType } from '../model/column-type.ts'

type DefaultText = { readonly text: string } | { readonly problem: string; readonly hint: string }

const INTEGER_BITS: Readonly<Partial<Record<ColumnType['name'], bigint>>> = {
  smallint: 16n,
  integer: 32n,
  bigint: 64n,
}

/**
 * The value of `@default(…)` as PostgreSQL's text form. Checked here as far as one can without a database: a default
 * that PostgreSQL refuses would refuse every write that lacks the setting.
 */
export function defaultText(
  attribute: AttributeSyntax,
  settingType: SettingType,
  column: ColumnType,
): DefaultText {
  const [value, ...more] = attribute.args
  if (!value || more.length > 0) {
    return { problem: 'needs exactly one value', hint: 'Write @default("…") with one constant.' }
  }
  const { written, example, fits } = FORMS[settingType]
  const text = plainText(value, written)
  const problem = { problem: `is no ${settingType} constant`, hint: `Write it like @default(${example}).` }
  if (text === undefined || text.includes('\0') || !fits(text, column)) return problem
  return { text }
}

function plainText(value: ValueSyntax, written: ValueSyntax['kind']): string | undefined {
  if (value.kind !== written) return undefined
  if (value.kind === 'string') return value.text
  if (value.kind === 'number') return value.digits
  return value.kind === 'word' ? value.word : undefined
}

const FORMS = {
  String: { written: 'string', example: '"system"', fits: fitsText },
  Int: { written: 'number', example: '1', fits: fitsInteger },
  BigInt: { written: 'number', example: '1', fits: fitsInteger },
  Float: { written: 'number', example: '1.5', fits: () => true },
  Decimal: { written: 'number', example: '1.50', fits: () => true },
  Boolean: { written: 'word', example: 'false', fits: (text) => text === 'true' || text === 'false' },
  DateTime: { written: 'string', example: '"2026-01-31T12:00:00Z"', fits: fitsTime },
  Uuid: {
    written: 'string',
    example: '"00000000-0000-0000-0000-000000000000"',
    fits: (text) => /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text),
  },
  Json: { written: 'string', example: '"{}"', fits: isJson },
} as const satisfies Record<
  SettingType,
  {
    written: ValueSyntax['kind']
    example: string
    fits: (text: string, column: ColumnType) => boolean
  }
>

/** Types that are written as strings and do not take every string. What PostgreSQL's own parser has to say is left to it. */
const TEXT_FORMS: Readonly<Partial<Record<ColumnType['name'], RegExp>>> = {
  bit: /^[01]+$/,
  varbit: /^[01]+$/,
  inet: /^(\d{1,3}(\.\d{1,3}){3}|[0-9a-f:]*:[0-9a-f:.]*)(\/\d{1,3})?$/i,
  xml: /^\s*</,
}

/** The empty string is how an absent setting looks in PostgreSQL, so it cannot be a default. */
function fitsText(text: string, { name, args }: ColumnType): boolean {
  const [limit] = args
  return (
    text !== '' &&
    (TEXT_FORMS[name]?.test(text) ?? true) &&
    (limit === undefined || [...text].length <= limit)
  )
}

function fitsInteger(text: string, { name }: ColumnType): boolean {
  if (!/^-?\d+$/.test(text)) return false
  const bits = INTEGER_BITS[name]
  const value = BigInt(text)
  return bits === undefined ? value >= 0n && value < 2n ** 32n : BigInt.asIntN(Number(bits), value) === value
}

function fitsTime(text: string, { name }: ColumnType): boolean {
  if (name === 'time' || name === 'timetz')
    return /^\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}(:\d{2})?)?$/.test(text)
  const [day] = /^\d{4}-\d{2}-\d{2}/.exec(text) ?? []
  // JavaScript takes 31 February for 3 March, PostgreSQL refuses it.
  const isDay = day !== undefined && new Date(Date.parse(day) || 0).toISOString().startsWith(day)
  return isDay && !Number.isNaN(Date.parse(text))
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
