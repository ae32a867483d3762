import { readPage } from './pages.ts'

export interface Block {
  readonly page: string
  /** The line of its first line of code, from 1. */
  readonly line: number
  readonly language: string
  readonly code: string
  /** The file that it is, where it says so in its first line, or the line above it does. */
  readonly file: string | undefined
}

/** The code blocks of a page, in their order. Those without a language are output, and no code. */
export function blocksOf(page: string): readonly Block[] {
  const text = readPage(page)
  const found = text.matchAll(/(?:^`([\w./]+\.\w+)`[^\n]*:\n\n)?^( *)```(\w+)\n([\s\S]*?)^ *```$/gm)
  return [...found].map((match) => {
    const [whole, above, indent = '', language = '', body = ''] = match
    const code = indent === '' ? body : body.replaceAll(new RegExp(`^${indent}`, 'gm'), '')
    const before = text.slice(0, match.index + whole.indexOf('```'))
    return {
      page,
      line: before.split('\n').length + 1,
      language,
      code,
      file: above ?? /^\/\/ ([\w./-]+\.ts)\n/.exec(code)?.[1],
    }
  })
}

export const placeOf = ({ page, line }: Block) => `${page}:${line}`
