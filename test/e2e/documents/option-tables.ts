import type { CommandHelp } from './commands.ts'
import { readPage } from './pages.ts'

const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll(/\s+/g, ' ').trim()

export function tableOf(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(cell).join(' | ')} |`
  return [line(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(line), ''].join('\n')
}

export interface Member {
  readonly name: string
  readonly isOptional: boolean
  readonly text: string
}

/** The members of an interface with what is said above each, as its source has them. */
export function membersOf(file: string, name: string): readonly Member[] {
  const [, body = ''] =
    new RegExp(`^export interface ${name}\\b[^\\n]*\\{\\n([\\s\\S]*?)^\\}`, 'm').exec(readPage(file)) ?? []
  const members = body.matchAll(/(?:^ {2}\/\*\*([\s\S]*?)\*\/\n)?^ {2}(?:readonly )?(\w+)(\??):/gm)
  return [...members].map(([, comment = '', member = '', mark]) => ({
    name: member,
    isOptional: mark === '?',
    // An example in the comment is for editors.
    text: comment.replaceAll(/^ *\* {5}.*$/gm, '').replaceAll(/^ *\* ?/gm, ' '),
  }))
}

export function interfaceTable(file: string, name: string): string {
  const members = membersOf(file, name)
  return tableOf(
    ['option', 'what it is'],
    members.map((member) => [`\`${member.name}\`${member.isOptional ? '' : ' (required)'}`, member.text]),
  )
}

/** Text of a terminal, in which nothing is a tag. */
export const plain = (text: string) => text.replaceAll('<', '&lt;')

export function flagTable({ flags }: CommandHelp): string {
  return tableOf(
    ['flag', 'what it does'],
    flags.map(({ name, value, text }) => [`\`${[name, value].filter(Boolean).join(' ')}\``, plain(text)]),
  )
}
