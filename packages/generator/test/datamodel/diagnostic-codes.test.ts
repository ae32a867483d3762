import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { DIAGNOSTIC_CODES } from '../../src/diagnostics.ts'

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8')

test('every code is documented under its own title, with message and fix, and no other is', () => {
  const sections = read('../../../../docs/diagnostics.md').split(/^### /m).slice(1)
  const documented = sections.map((section) => /^(AUD\d+): (.*)/.exec(section)?.slice(1) ?? [])
  expect(documented).toEqual(Object.entries(DIAGNOSTIC_CODES))
  for (const section of sections) expect(section).toMatch(/^> .+[\s\S]*^Fix: .+/m)
})

test('every code about the schema has a test that shows its message', () => {
  const tests = read('./diagnostics.test.ts') + read('../annotation/parse-annotation.test.ts')
  const shown = Object.keys(DIAGNOSTIC_CODES).filter((code) => !tests.includes(`${code}:`))
  expect(shown.filter((code) => !/^AUD[0678]/.test(code) && code !== 'AUD402')).toEqual([])
})
