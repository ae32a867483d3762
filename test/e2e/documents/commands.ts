import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { repository } from './pages.ts'

const exec = promisify(execFile)

export const PROGRAMS = {
  'prisma-generator-audit': 'packages/generator/bin/prisma-generator-audit.js',
  'prisma-audit-viewer': 'packages/viewer/bin/prisma-audit-viewer.js',
} as const
export type Program = keyof typeof PROGRAMS

export interface Flag {
  /** `--schema` */
  readonly name: string
  /** `<path>`; nothing where it takes none. */
  readonly value: string
  readonly text: string
}

export interface CommandHelp {
  /** `check`, `migrate dev`; empty for the program itself. */
  readonly name: string
  readonly usage: string
  readonly description: string
  /** What stands behind the command's name. */
  readonly words: readonly { readonly name: string; readonly text: string }[]
  readonly flags: readonly Flag[]
  readonly commands: readonly { readonly name: string; readonly text: string }[]
}

/** What a built program says of itself, and each of its commands, in their order. */
export async function helpOf(program: Program): Promise<readonly CommandHelp[]> {
  const own = await helpOfCommand(program, '')
  const commands = await Promise.all(own.commands.map(({ name }) => helpWithin(program, name)))
  return [own, ...commands.flat()]
}

async function helpWithin(program: Program, name: string): Promise<readonly CommandHelp[]> {
  const own = await helpOfCommand(program, name)
  const inner = await Promise.all(own.commands.map((each) => helpWithin(program, `${name} ${each.name}`)))
  return [own, ...inner.flat()]
}

async function helpOfCommand(program: Program, name: string): Promise<CommandHelp> {
  const args = [join(repository, PROGRAMS[program]), ...name.split(' ').filter(Boolean), '--help']
  const { PRISMA_GENERATOR_INVOCATION: _, ...env } = process.env
  const { stdout } = await exec(process.execPath, args, { env: { ...env, NO_COLOR: '1' } })
  const [usage = '', ...rest] = stdout.split(/\n\n(?=(?:Arguments|Options|Commands):\n)/)
  // Long lines are folded, the rest indented.
  const section = (title: string) =>
    rest.find((text) => text.startsWith(`${title}:\n`))?.replaceAll(/\n {3,}(?=\S)/g, ' ') ?? ''
  const [, signature = '', description = ''] = /^Usage: (.*)\n\n([\s\S]*)$/.exec(usage) ?? []
  return {
    name,
    usage: signature,
    description: description.trim(),
    words: [...section('Arguments').matchAll(/^ {2}([\w-]+).*? {2,}(.*)$/gm)].map(
      ([, word = '', meaning = '']) => ({
        name: word,
        text: meaning,
      }),
    ),
    flags: [...section('Options').matchAll(/^ {2}(?:-\w, )?(--[\w-]+)(?: (<[^>]+>))? {2,}(.*)$/gm)]
      .map(([, flag = '', value = '', text = '']) => ({ name: flag, value, text }))
      .filter((flag) => flag.name !== '--help' && flag.name !== '--version'),
    commands: [...section('Commands').matchAll(/^ {2}([\w-]+).*? {2,}(.*)$/gm)].map(
      ([, command = '', text = '']) => ({ name: command, text }),
    ),
  }
}
