import { cutToBytes, MAX_IDENTIFIER_BYTES } from '../model/names.ts'

/** The first of `name__2`, `name__3`, … that is not taken, cut so that it stays a legal identifier. */
export function freeName(name: string, taken: ReadonlySet<string>): string {
  for (let number = 2; ; number += 1) {
    const suffix = `__${number}`
    const candidate = cutToBytes(name, MAX_IDENTIFIER_BYTES - suffix.length) + suffix
    if (!taken.has(candidate)) return candidate
  }
}
