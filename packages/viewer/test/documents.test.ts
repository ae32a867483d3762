import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const read = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8')
const table = (text: string, heading: string) => {
  const [, rest = ''] = text.split(`| ${heading} |`)
  return [...(rest.split('\n\n')[0] ?? '').matchAll(/^\| `(?:--)?([\w-]+)/gm)].map(([, name]) => name)
}

test('docs/viewer.md has every flag of the command', () => {
  const command = fileURLToPath(new URL('../bin/prisma-audit-viewer.js', import.meta.url))
  const { stdout } = spawnSync(process.execPath, [command, '--help'], { encoding: 'utf8' })
  const flags = [...stdout.matchAll(/^ {2}(?:-\w, )?--([\w-]+)/gm)].map(([, name]) => name)
  const told = table(read('docs/viewer.md'), 'flag | what it does')
  expect(flags.filter((name) => name !== 'version' && name !== 'help').sort()).toEqual(told.sort())
})

test('docs/viewer.md has every option of createAuditViewer', () => {
  const [, options = ''] = read('packages/viewer/src/options.ts').split(
    'export interface AuditViewerOptions {',
  )
  const names = [...(options.split('\n}')[0] ?? '').matchAll(/^ {2}readonly (\w+)/gm)].map(([, name]) => name)
  expect(table(read('docs/viewer.md'), 'option | what it is').sort()).toEqual(names.sort())
})

test('docs/viewer.md mounts the viewer as the tests do', () => {
  const compact = (text: string) => text.replace(/\s+/g, '')
  const tests = compact(read('packages/viewer/test/frameworks.test.ts'))
  const shown = [...read('docs/viewer.md').matchAll(/```ts\n\/\/ (?:Hono|Express|Fastify)\n([\s\S]*?)```/g)]
  expect(shown).toHaveLength(3)
  for (const [, code = ''] of shown) {
    for (const line of code.split('\n').filter((text) => !text.startsWith('import')))
      expect(tests).toContain(compact(line))
  }
})
