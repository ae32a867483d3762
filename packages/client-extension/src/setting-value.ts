import { AuditContextError } from './errors.ts'

export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue }

/** What a setting may be given; `null`, `undefined` and `''` all mean: absent. */
export type SettingValue = string | number | bigint | boolean | Date | JsonValue | null | undefined

/** The Prisma types that a session setting may have. */
export type SettingType =
  | 'String'
  | 'Int'
  | 'BigInt'
  | 'Float'
  | 'Boolean'
  | 'DateTime'
  | 'Decimal'
  | 'Uuid'
  | 'Json'

/** What a value must be, in the words of an error message; and its text form, or `undefined` if it is not that. */
interface TextForm {
  readonly expected: string
  readonly render: (value: SettingValue) => string | undefined
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
const decimal = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d{1,5})?$/i
const loneSurrogate = /\p{Surrogate}/u

/** PostgreSQL's text form of each type; it reads them back with a cast. */
const textForms = {
  String: { expected: 'a string', render: (value) => (typeof value === 'string' ? value : undefined) },
  Int: {
    expected: 'a whole number from -2147483648 to 2147483647',
    render: (value) => integerText(value, -(2n ** 31n), 2n ** 31n - 1n),
  },
  BigInt: {
    expected: 'a bigint of 64 bits, or a number that is a safe integer',
    render: (value) => integerText(value, -(2n ** 63n), 2n ** 63n - 1n),
  },
  Float: { expected: 'a number', render: (value) => (typeof value === 'number' ? String(value) : undefined) },
  Boolean: {
    expected: 'true or false',
    render: (value) => (typeof value === 'boolean' ? String(value) : undefined),
  },
  DateTime: { expected: 'a valid Date of the years 1 to 9999', render: dateText },
  Decimal: { expected: 'a decimal number, best as a string such as "12.50"', render: decimalText },
  Uuid: {
    expected: 'a UUID such as "7f8b6c1e-2d43-4a59-9c0f-3e5a1b7d9f02"',
    render: (value) => (typeof value === 'string' && uuid.test(value) ? value : undefined),
  },
  Json: { expected: 'a JSON value without NUL characters', render: jsonText },
} as const satisfies Record<SettingType, TextForm>

/**
 * The text that a setting travels as; `''` where it is absent.
 *
 * @param type the declared type, or `undefined` where no definitions are known: then the value's own type decides
 * @throws AuditContextError `INVALID_VALUE` that names the setting; the value itself is never repeated, it may be personal data
 */
export function settingText(name: string, type: SettingType | undefined, value: SettingValue): string {
  if (value === null || value === undefined || value === '') return ''
  const form: TextForm = textForms[type ?? typeOf(name, value)]
  const text = form.render(value)
  if (text === undefined) throw invalid(name, `must be ${form.expected}, but it is ${describe(value)}`)
  if (text.includes('\0')) throw invalid(name, 'holds a NUL character, which PostgreSQL cannot store')
  if (loneSurrogate.test(text))
    throw invalid(name, 'holds half of a surrogate pair, which is not valid Unicode')
  return text
}

function typeOf(name: string, value: SettingValue): SettingType {
  switch (typeof value) {
    case 'string':
      return 'String'
    case 'number':
      return Number.isInteger(value) ? 'BigInt' : 'Float'
    case 'bigint':
      return 'BigInt'
    case 'boolean':
      return 'Boolean'
    case 'object':
      return isDate(value) ? 'DateTime' : 'Json'
    default:
      throw invalid(name, `cannot be ${describe(value)}`)
  }
}

function integerText(value: SettingValue, least: bigint, greatest: bigint): string | undefined {
  if (typeof value !== 'bigint' && !Number.isSafeInteger(value)) return undefined
  const integer = BigInt(value as bigint | number)
  return integer >= least && integer <= greatest ? String(integer) : undefined
}

function decimalText(value: SettingValue): string | undefined {
  if (typeof value === 'bigint') return String(value)
  if (typeof value !== 'string' && typeof value !== 'number') return undefined
  const text = String(value)
  return decimal.test(text) ? text : undefined
}

/** PostgreSQL reads neither the year 0 nor the signed six-digit years that `toISOString` writes beyond 9999. */
function dateText(value: SettingValue): string | undefined {
  if (!isDate(value) || Number.isNaN(value.getTime())) return undefined
  const year = value.getUTCFullYear()
  return year >= 1 && year <= 9999 ? value.toISOString() : undefined
}

/** `jsonb` refuses an escaped NUL or lone surrogate just as text does, so they are looked for before escaping hides them. */
function jsonText(value: SettingValue): string | undefined {
  let storable = true
  const check = (text: string) => {
    if (text.includes('\0') || loneSurrogate.test(text)) storable = false
  }
  try {
    const text: string | undefined = JSON.stringify(value, (key, part: unknown) => {
      check(key)
      if (typeof part === 'string') check(part)
      return part
    })
    return storable ? text : undefined
  } catch {
    return undefined // a circular value, or a bigint inside
  }
}

/** A Date of another realm (a Jest sandbox) is a Date too. */
function isDate(value: unknown): value is Date {
  return Object.prototype.toString.call(value) === '[object Date]'
}

function describe(value: unknown): string {
  if (typeof value === 'number' && !Number.isSafeInteger(value)) return `the number ${value}`
  if (isDate(value)) return Number.isNaN(value.getTime()) ? 'an invalid Date' : 'a Date'
  if (Array.isArray(value)) return 'an array'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}

function invalid(name: string, problem: string): AuditContextError {
  return new AuditContextError('INVALID_VALUE', `The audit setting "${name}" ${problem}.`, { setting: name })
}
