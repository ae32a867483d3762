import type { AuditTableObject, StateColumn } from './database-state.ts'

/** What the source calls a column of the history. */
export function sourceColumn({ name, sourceName }: Pick<StateColumn, 'name' | 'sourceName'>): string {
  return sourceName ?? name
}

/** The columns of the key as the source calls them. */
export function sourceKey(table: Pick<AuditTableObject, 'columns' | 'key'>): readonly string[] {
  return table.key.map((key) => sourceColumn(keyColumn(table, key) ?? { name: key }))
}

/** The live column of the history that is this part of the key. */
export function keyColumn(
  { columns }: Pick<AuditTableObject, 'columns'>,
  key: string,
): StateColumn | undefined {
  return columns.find(({ name, retired }) => name === key && !retired)
}
