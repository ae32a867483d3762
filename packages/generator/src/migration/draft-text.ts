import type { SourcePlace } from '../model/place.ts'
import { withoutAdded } from '../state/added-statements.ts'
import { AUDIT_PART } from './condense-file.ts'
import { skipBlank } from './sql-text.ts'

/** Text to stand before the character at `offset`. */
export interface Insertion {
  readonly offset: number
  readonly text: string
}

/** A migration's text without its audit part and what came with that: Prisma's statements and the user's. */
export function bareDraft(text: string): string {
  const part = AUDIT_PART.exec(text)
  return withoutAdded(part === null ? text : `${text.slice(0, part.index).trimEnd()}\n`)
}

/** With a semicolon after the last statement, which PostgreSQL does not ask for, so that others may follow. */
export function terminated(bare: string): string {
  const isFilled = (line: string) => line.trim() !== '' && !line.trimStart().startsWith('--')
  const lastLine = (bare.split('\n').findLast(isFilled) ?? '').trimEnd()
  // A semicolon in a comment behind the statement ends nothing; one more does no harm.
  const isEnded = lastLine.endsWith(';') && !lastLine.includes('--')
  return isEnded || isEmptyDraft(bare) ? bare : `${bare.trimEnd()}\n;\n`
}

/** True for a text without statements, as Prisma makes one where nothing changed. */
export function isEmptyDraft(bare: string): boolean {
  return skipBlank(bare, 0) >= bare.length
}

/** The whole migration.sql of a completed draft. Prisma's "This is an empty migration" goes. */
export function completeDraft(bare: string, insertions: readonly Insertion[], part: string): string {
  const own = isEmptyDraft(bare) ? bare.replace(/^-- This is an empty migration\.\s*/, '') : bare
  const above = insertInto(own, insertions).trimEnd()
  if (part === '') return `${above}\n`
  return above === '' ? part : `${above}\n\n${part}`
}

function insertInto(text: string, insertions: readonly Insertion[]): string {
  let result = ''
  let from = 0
  for (const { offset, text: added } of insertions.toSorted((a, b) => a.offset - b.offset)) {
    const before = text.slice(from, offset)
    const needsLine = before !== '' && !before.endsWith('\n')
    result += `${before}${needsLine ? '\n' : ''}${added}`
    from = offset
  }
  return result + text.slice(from)
}

/** Where a statement begins: at the head of its line, where nothing but white space stands before it. */
export function startOf(text: string, { line, column }: SourcePlace): number {
  const lineStart = startOfLine(text, line)
  const start = lineStart + column - 1
  return text.slice(lineStart, start).trim() === '' ? lineStart : start
}

/** What follows a statement: the next line, where nothing but white space stands behind it. */
export function endOf(text: string, { line, column, length }: SourcePlace): number {
  const end = startOfLine(text, line) + column - 1 + length
  const newline = text.indexOf('\n', end)
  const rest = newline === -1 ? text.length : newline + 1
  return text.slice(end, rest).trim() === '' ? rest : end
}

function startOfLine(text: string, line: number): number {
  let at = 0
  for (let number = 1; number < line; number += 1) at = text.indexOf('\n', at) + 1
  return at
}
