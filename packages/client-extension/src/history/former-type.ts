import type { HistoryField, OtherColumn, ScalarType } from './history-model.ts'

/** A column that held a field's values when it had another type. */
interface Former {
  readonly spec: OtherColumn
  readonly value: unknown
}

/**
 * The value that a field had when its column was of another type, where today's type holds it without a loss; else `null`, and
 * the value is found among the other columns under the former column's name.
 */
export function effective(field: HistoryField, read: (column: string) => Former | undefined): unknown {
  for (const column of field.former ?? []) {
    const former = read(column)
    if (former === undefined || former.value === null) continue
    return convert(former.spec, field, former.value)
  }
  return null
}

/** Whether PostgreSQL casts every value of a former column to the field's type, as `convert` does. */
export function isWidened(from: OtherColumn | undefined, to: HistoryField): boolean {
  if (from === undefined || from.policy || from.list || to.list || to.enum) return false
  if (from.dbType === to.dbType) return true
  if (from.type === 'Int') return to.type === 'BigInt' || to.type === 'Float' || to.dbType === 'text'
  return to.dbType === 'text' && (from.type === 'BigInt' || from.type === 'Boolean')
}

function convert(from: OtherColumn, to: HistoryField, value: unknown): unknown {
  if (from.policy || to.policy || to.enum || Boolean(from.list) !== Boolean(to.list)) return null
  if (from.list && Array.isArray(value)) return value.map((each) => convertOne(from.type, to.type, each))
  return convertOne(from.type, to.type, value)
}

function convertOne(from: ScalarType, to: ScalarType, value: unknown): unknown {
  if (from === to || value === null) return value
  if (to === 'BigInt' && from === 'Int') return BigInt(value as number)
  if (to === 'Float' && from === 'Int') return value
  if (to === 'String' && (from === 'Int' || from === 'BigInt' || from === 'Boolean')) return String(value)
  return null
}
