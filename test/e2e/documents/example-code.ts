import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Block } from './blocks.ts'
import { repository } from './pages.ts'

/** The file of an example that a block is taken from, which its first line names. */
export function exampleOf({ code }: Block): string | undefined {
  return /^\/\/ (examples\/\S+)\n/.exec(code)?.[1]
}

/** The parts of such a block, between lines that say only `// …`, which do not stand in that file as they are. */
export function missingParts(block: Block): readonly string[] {
  const file = join(repository, exampleOf(block) ?? '')
  if (!existsSync(file)) return [`There is no ${file}.`]
  const source = readFileSync(file, 'utf8')
  const [, ...lines] = block.code.split('\n')
  return lines
    .join('\n')
    .split(/^ *\/\/ …\n/m)
    .map((part) => part.replaceAll(/^\n+|\n+$/g, ''))
    .filter((part) => !source.includes(part))
}
