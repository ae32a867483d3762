import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs'
import { ProjectNotFoundError } from './project-not-found-error.ts'

/** One line of the file: an erasure as the database recorded it, without any value. */
export interface ErasureRecord {
  readonly number: string
  readonly at: string
  readonly by: string
  readonly reason: string
  readonly plan: string
  readonly erased: readonly unknown[]
}

/** Makes sure that the file can be written, and is a record or empty, before anything is erased. */
export function assertWritable(path: string): void {
  let text: string
  try {
    closeSync(openSync(path, 'a+'))
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw new ProjectNotFoundError(`The record ${path} cannot be written: ${messageOf(error)}`)
  }
  parseRecords(text, path)
}

/**
 * Appends the erasures that the file does not have yet, and returns when the disk has them. What it holds is never touched.
 *
 * @returns how many were missing
 * @throws Error of Node where it cannot be written
 */
export function appendRecords(path: string, records: readonly ErasureRecord[]): number {
  const file = openSync(path, 'a+')
  try {
    const before = readFileSync(file, 'utf8')
    const known = new Set(parseRecords(before, path).map(keyOf))
    const missing = records.filter((record) => !known.has(keyOf(record)))
    const text = missing.map((record) => `${JSON.stringify(record)}\n`).join('')
    if (text !== '') writeSync(file, before === '' || before.endsWith('\n') ? text : `\n${text}`)
    fsyncSync(file)
    return missing.length
  } finally {
    closeSync(file)
  }
}

/** @throws ProjectNotFoundError where it cannot be read, or holds something else, or nothing */
export function readRecords(path: string): readonly ErasureRecord[] {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw new ProjectNotFoundError(`The record ${path} cannot be read: ${messageOf(error)}`)
  }
  const records = parseRecords(text, path)
  if (records.length > 0) return records
  throw new ProjectNotFoundError(`${path} holds no erasure. erase --record ${path} writes them.`)
}

/** Every line has to be one: a file that is something else is not written to. */
function parseRecords(text: string, path: string): readonly ErasureRecord[] {
  const lines = text.split('\n')
  return lines.flatMap((line, at) => {
    if (line.trim() === '') return []
    const record = parseRecord(line)
    if (record !== undefined) return [record]
    throw new ProjectNotFoundError(
      `${path}:${at + 1} is no record of an erasure: a line is {"number":"1","at":"…","by":"…","reason":"…","plan":"…","erased":[…]}. Remove the line if it was cut off.`,
    )
  })
}

function parseRecord(line: string): ErasureRecord | undefined {
  try {
    const record: Partial<ErasureRecord> = JSON.parse(line)
    const isWhole =
      typeof record.number === 'string' && typeof record.at === 'string' && Array.isArray(record.erased)
    return isWhole && typeof record.reason === 'string' ? (record as ErasureRecord) : undefined
  } catch {
    return undefined
  }
}

/** After a restore numbers are given again. */
function keyOf({ number, at }: ErasureRecord): string {
  return `${number} ${at}`
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
