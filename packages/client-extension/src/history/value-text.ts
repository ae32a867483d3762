import { AuditHistoryError } from './history-error.ts'
import type { ScalarType } from './history-model.ts'

/**
 * PostgreSQL's text form of a value that Prisma would take or give for this type; it is read back with a cast.
 *
 * @throws AuditHistoryError `INVALID_ARGUMENT` that names the field; the value is not repeated, it may be personal data
 */
export function valueText(field: string, type: ScalarType | 'Uuid', value: unknown): string {
  const text = textOf(type, value)
  if (text === undefined || text.includes('\0')) {
    throw new AuditHistoryError('INVALID_ARGUMENT', `The value for "${field}" is no ${type}.`)
  }
  return text
}

function textOf(type: ScalarType | 'Uuid', value: unknown): string | undefined {
  switch (type) {
    case 'String':
    case 'Uuid':
      return typeof value === 'string' ? value : undefined
    case 'Int':
    case 'BigInt':
      return typeof value === 'bigint' || Number.isSafeInteger(value) ? String(value) : undefined
    case 'Float':
      return typeof value === 'number' ? String(value) : undefined
    case 'Decimal':
      return decimalText(value)
    case 'Boolean':
      return typeof value === 'boolean' ? String(value) : undefined
    case 'DateTime':
      return dateText(value)
    case 'Json':
      return JSON.stringify(value)
    case 'Bytes':
      return value instanceof Uint8Array ? `\\x${hexText(value)}` : undefined
  }
}

function decimalText(value: unknown): string | undefined {
  const text = typeof value === 'object' && value !== null ? value.toString() : String(value)
  return /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$|^NaN$/i.test(text) ? text : undefined
}

/** As the client's settings do: PostgreSQL reads no signed years. */
export function dateText(value: unknown): string | undefined {
  if (Object.prototype.toString.call(value) !== '[object Date]') return undefined
  const date = value as Date
  const year = date.getUTCFullYear()
  return year >= 1 && year <= 9999 ? date.toISOString() : undefined
}

/** @throws AuditHistoryError `INVALID_ARGUMENT` */
export function momentText(name: string, value: unknown): string {
  const text = dateText(value)
  if (text === undefined) {
    throw new AuditHistoryError('INVALID_ARGUMENT', `"${name}" must be a valid Date of the years 1 to 9999.`)
  }
  return text
}

export function hexText(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
