import type { CommandHelp, Program } from './commands.ts'
import { readPage } from './pages.ts'

export interface Mention {
  readonly page: string
  readonly text: string
  readonly program: Program
  /** What stands behind the program's name, in words. */
  readonly words: readonly string[]
}

const NAMED = /(?:^|npx )(prisma-generator-audit|prisma-audit-viewer) +(.*)/
/** Words that tell that it is text in which only the program's name occurs: a generator block, a package. */
const NO_CALL = /^["'=:@]/

/** Every call of a command of ours on a page, in its shell blocks, in output that is shown, and in its text. Lines that go on are one. */
export function mentionsOn(page: string, commands: readonly CommandHelp[]): readonly Mention[] {
  const shell = [...readPage(page).matchAll(/^ *```(?:sh)?\n([\s\S]*?)^ *```$/gm)].flatMap(([, code = '']) =>
    code.replaceAll(/\\\n\s*/g, ' ').split('\n'),
  )
  const text = readPage(page).replaceAll(/^ *```[\s\S]*?^ *```$/gm, '')
  const inline = [...text.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code.replaceAll('\n', ' '))
  const names = commands.map(({ name }) => name.split(' ')[0]).filter(Boolean)
  const short = new RegExp(`^(${names.join('|')})( .*)? --`)
  return [...shell, ...inline].flatMap((line) => {
    const said = short.test(line) ? `npx prisma-generator-audit ${line}` : line
    const [, program, rest = ''] = NAMED.exec(said) ?? []
    if (program === undefined || NO_CALL.test(rest)) return []
    const call = rest.split(/ [|>&;#]| \\\$| {2,}#/)[0] ?? ''
    return [
      { page, text: line, program: program as Program, words: call.trim().split(/\s+/).filter(Boolean) },
    ]
  })
}

/** What is wrong with a call: a command or a flag that the program does not have. */
export function wrongWith({ program, words }: Mention, commands: readonly CommandHelp[]): string | undefined {
  const command = commands
    .filter(({ name }) => name === '' || `${words.join(' ')} `.startsWith(`${name} `))
    .sort((a, b) => b.name.length - a.name.length)[0]
  if (
    program === 'prisma-generator-audit' &&
    command?.name === '' &&
    words.some((word) => /^[a-z]/.test(word))
  ) {
    return 'no such command'
  }
  // Those are Prisma's own.
  if (command?.name.startsWith('migrate')) return undefined
  const flags = words.join(' ').match(/--[a-z][\w-]*/g) ?? []
  const known = new Set(['--help', '--version', ...(command?.flags.map(({ name }) => name) ?? [])])
  const unknown = flags.filter((flag) => !known.has(flag))
  return unknown.length === 0 ? undefined : `${command?.name} has no ${unknown.join(', ')}`
}
