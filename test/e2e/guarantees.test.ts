import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const repository = fileURLToPath(new URL('../..', import.meta.url))

function testFiles(folder: string): string[] {
  return readdirSync(join(repository, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.test.ts') && !file.endsWith('guarantees.test.ts'))
    .map((file) => join(repository, folder, file))
}

test('every guarantee of the README is the name of a test', () => {
  const [, section = ''] = readFileSync(join(repository, 'README.md'), 'utf8').split(/^## Guarantees$/m)
  const guarantees = [...(section.split(/^## /m)[0] ?? '').matchAll(/^- (.+)$/gm)].map(
    ([, text = '']) => text,
  )
  expect(guarantees.length).toBeGreaterThan(15)

  const tests = ['test', 'packages/client-extension/test', 'packages/generator/test', 'packages/viewer/test']
    .flatMap(testFiles)
    .map((file) => readFileSync(file, 'utf8').replaceAll("\\'", "'"))
    .join('\n')
  expect(guarantees.filter((sentence) => !tests.includes(sentence))).toEqual([])
})
