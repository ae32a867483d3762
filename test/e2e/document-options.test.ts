import { join } from 'node:path'
import { expect, test } from 'vitest'
import { membersOf } from './documents/option-tables.ts'
import { repository } from './documents/pages.ts'
import { commandsPage, optionsPage } from './documents/reference-pages.ts'

// `--update` makes them anew.
test('docs/options.md is what the option tables and types in the code say', async () => {
  await expect(await optionsPage()).toMatchFileSnapshot(join(repository, 'docs/options.md'))
})

test('docs/commands.md is what each command says of itself', async () => {
  await expect(await commandsPage()).toMatchFileSnapshot(join(repository, 'docs/commands.md'))
})

test('every option says what it is', async () => {
  const page = await optionsPage()
  const empty = page.split('\n').filter((line) => /^\| `[^|]*\|\s*\|$/.test(line))
  expect(empty).toEqual([])
  expect(membersOf('packages/viewer/src/options.ts', 'AuditViewerOptions').length).toBeGreaterThan(8)
})
