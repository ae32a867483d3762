import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { runAudit } from '../support/audit-command.ts'

test.each(['.', 'examples/express'])('the committed schema and migrations of %s agree', async (folder) => {
  const dir = fileURLToPath(new URL(`../../${folder}`, import.meta.url))
  expect(await runAudit(dir, ['check'])).toEqual({
    stdout: expect.stringMatching(/^audit: \d+ audited models? and \d+ migrations? agree\.\n$/),
    stderr: '',
    exitCode: 0,
  })
})
