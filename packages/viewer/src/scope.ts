import type { History, HistoryColumn } from './catalog/history.ts'

/** Whose rows may be seen: everybody's, or those of one tenant. */
export type Scope =
  | { readonly kind: 'all' }
  | { readonly kind: 'tenant'; readonly column: string; readonly value: string }

/**
 * The column by which rows of a history belong to a tenant. A history without it has none, and is closed to tenants: nothing says
 * whose its rows are.
 */
export function tenantColumn(history: History, scope: Scope): HistoryColumn | undefined {
  return scope.kind === 'all' ? undefined : history.columns.find(({ name }) => name === scope.column)
}

export function isOpen(history: History, scope: Scope): boolean {
  return scope.kind === 'all' || tenantColumn(history, scope) !== undefined
}
