import { hexText } from './value-text.ts'

/** Whether two decoded values are the same to a reader. */
export function sameValue(one: unknown, other: unknown): boolean {
  return text(one) === text(other)
}

function text(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => {
    if (typeof part === 'bigint') return `${part}n`
    return part instanceof Uint8Array ? hexText(part) : part
  })
}
