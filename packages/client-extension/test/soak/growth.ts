/** How much more memory is in use after the last tenth than after the first, in MiB. */
export function growth(heap: readonly number[]): number {
  return ((heap.at(-1) ?? 0) - (heap[0] ?? 0)) / 2 ** 20
}

/** More than this is a leak; 100,000 operations that each left 1 KiB would be 100 MiB. */
export const allowedGrowth = 16
