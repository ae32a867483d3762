import { ProjectNotFoundError } from './project-not-found-error.ts'

/** The value of a flag that counts something. */
export function wholeNumber(flag: string, text: string, least: number): number {
  const number = Number(text)
  if (/^\d+$/.test(text) && Number.isSafeInteger(number) && number >= least) return number
  throw new ProjectNotFoundError(`${flag} takes a whole number from ${least} on, and not "${text}"`)
}
