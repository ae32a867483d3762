import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { madeOf } from '../screenshots/made-of.ts'

const repository = fileURLToPath(new URL('../../..', import.meta.url))

it('the screenshots are of this page and of the reference schema: else run pnpm screenshots', () => {
  const recorded = readFileSync(join(repository, 'docs/screenshots/made-of.json'), 'utf8')
  expect(JSON.parse(recorded)).toEqual(madeOf(repository))
})

it.each(['README.md', 'docs/viewer.md'])(
  'each picture that %s shows is there, and says what it shows',
  (page) => {
    const text = readFileSync(join(repository, page), 'utf8')
    const pictures = [...text.matchAll(/!\[([^\]]*)\]\(([^)]+\.png)\)/g)]
    expect(pictures.length).toBeGreaterThan(0)
    for (const [, says, path = ''] of pictures) {
      expect(says).not.toBe('')
      expect(existsSync(join(repository, page, '..', path))).toBe(true)
    }
  },
)
