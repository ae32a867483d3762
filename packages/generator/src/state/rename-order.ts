/** Something that gets other names: it leaves `from` free when it has got `to`. */
export interface Renaming<T> {
  readonly item: T
  readonly from: readonly string[]
  readonly to: readonly string[]
}

export type OrderedRenaming<T> =
  | { readonly kind: 'rename'; readonly item: T }
  /** In a circle one of them has to take a name of its own for a while; its `rename` follows. */
  | { readonly kind: 'step aside'; readonly item: T }

/** The order in which every name is free when it is taken: chains from their end, circles by stepping aside. */
export function orderRenamings<T>(renamings: readonly Renaming<T>[]): readonly OrderedRenaming<T>[] {
  const ordered: OrderedRenaming<T>[] = []
  let pending = [...renamings]
  while (pending.length > 0) {
    const held = new Map<string, Renaming<T>>()
    for (const renaming of pending) for (const name of renaming.from) held.set(name, renaming)
    const next = pending.find((renaming) =>
      renaming.to.every((name) => [undefined, renaming].includes(held.get(name))),
    )
    const [first] = pending
    if (next !== undefined) {
      ordered.push({ kind: 'rename', item: next.item })
      pending = pending.filter((renaming) => renaming !== next)
    } else if (first !== undefined) {
      ordered.push({ kind: 'step aside', item: first.item })
      pending = [{ ...first, from: [] }, ...pending.slice(1)]
    }
  }
  return ordered
}
