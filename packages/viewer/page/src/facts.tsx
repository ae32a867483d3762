import { createContext } from 'preact'
import { useContext } from 'preact/hooks'
import type { Entry, TableAnswer, TablesAnswer } from '../../src/answers.ts'
import { hrefOf } from './address.ts'

export const TablesContext = createContext<TablesAnswer>({ tables: [], unreadable: [], actor: null })

export function useTable(id: string): TableAnswer | undefined {
  return useContext(TablesContext).tables.find((table) => table.id === id)
}

export const OPERATIONS = [
  ['I', 'Insert'],
  ['U', 'Update'],
  ['D', 'Delete'],
  ['B', 'Baseline'],
] as const

const NAMES: Readonly<Record<string, string>> = {
  ...Object.fromEntries(OPERATIONS),
  W: 'Waiver',
  T: 'Truncate',
}

export function operationName(operation: string): string {
  return NAMES[operation] ?? operation
}

export function Operation({ entry }: { readonly entry: Entry }) {
  const isWaiver = useTable(entry.table)?.isWaivers === true
  return (
    <span class={`operation operation-${entry.operation}`}>
      {isWaiver && entry.operation !== 'W' ? 'Not recorded: ' : ''}
      {operationName(entry.operation)}
    </span>
  )
}

/** `order 7`, or the name of the history where it has no key. */
export function recordName(table: TableAnswer | undefined, entry: Pick<Entry, 'table' | 'key'>): string {
  const label = table?.label ?? entry.table
  if (entry.key.length === 0) return label
  return `${label} ${entry.key.map((part) => shortened(part ?? 'NULL')).join(', ')}`
}

const CHARACTERS = 60

function shortened(text: string): string {
  return text.length > CHARACTERS ? `${text.slice(0, CHARACTERS)}…` : text
}

export function recordHref(entry: Pick<Entry, 'table' | 'key'>): string | undefined {
  if (entry.key.length === 0 || entry.key.includes(null)) return undefined
  return hrefOf('record', { table: entry.table, key: JSON.stringify(entry.key) })
}

export function transactionHref({ transaction }: Pick<Entry, 'transaction'>): string {
  return hrefOf('transaction', { tx: `${transaction.id}@${transaction.startedAt}` })
}
