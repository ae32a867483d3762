import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { runAudit } from '../support/audit-command.ts'

const repository = fileURLToPath(new URL('../..', import.meta.url))
const examples = readdirSync(`${repository}/examples`, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && entry.name !== 'generated')
  .map(({ name }) => `examples/${name}`)

test('every example is found', () => expect(examples.length).toBeGreaterThanOrEqual(7))

test.each(['.', ...examples])('the committed schema and migrations of %s agree', async (folder) => {
  expect(await runAudit(`${repository}/${folder}`, ['check'])).toEqual({
    stdout: expect.stringMatching(/^audit: \d+ audited models? and \d+ migrations? agree\.\n$/),
    stderr: '',
    exitCode: 0,
  })
})
