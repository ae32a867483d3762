import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { allPages, readPage as read, repository } from './documents/pages.ts'

/** As GitHub makes them of headings. */
function anchorsOf(text: string): ReadonlySet<string> {
  const headings = text.replaceAll(/^```[\s\S]*?^```$/gm, '').matchAll(/^#{1,6} (.+)$/gm)
  return new Set(
    [...headings].map(([, heading = '']) =>
      heading
        .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\- _]/gu, '')
        .replaceAll(' ', '-'),
    ),
  )
}

test.each(allPages)('each link of %s leads to a file, and to a heading of it', (page) => {
  const text = read(page).replaceAll(/^```[\s\S]*?^```$/gm, '')
  const broken = [...text.matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, link = '']) => {
    if (/^[a-z]+:/.test(link)) return []
    const [path = '', anchor] = link.split('#')
    const target = path === '' ? page : join(dirname(page), path)
    if (!existsSync(join(repository, target))) return [link]
    if (anchor === undefined || !target.endsWith('.md')) return []
    return anchorsOf(read(target)).has(anchor) ? [] : [link]
  })
  expect(broken).toEqual([])
})

test.each(['docs', 'docs/recipes'])('every page of %s is in the index of its README', (folder) => {
  const index = read(`${folder}/README.md`)
  const own = allPages.filter((page) => dirname(page) === folder && page !== `${folder}/README.md`)
  expect(own.length).toBeGreaterThan(10)
  expect(own.filter((page) => !index.includes(`(${page.slice(folder.length + 1)}`))).toEqual([])
})

test('troubleshooting has each SQLSTATE that the SQL raises, and each code of an error that users meet', () => {
  const text = read('docs/troubleshooting.md')
  const sources = readdirSync(join(repository, 'packages/generator/src/sql')).map((name) =>
    read(`packages/generator/src/sql/${name}`),
  )
  const raised = new Set(sources.join('\n').match(/\bAU\d{3}\b/g))
  const thrown = [
    codesOf('packages/client-extension/src/errors.ts', 'AuditErrorCode'),
    codesOf('packages/client-extension/src/history/history-error.ts', 'AuditHistoryErrorCode'),
    codesOf('packages/viewer/src/viewer-error.ts', 'ViewerErrorCode'),
  ]
  const refused = ['viewer.ts', 'http/guard.ts'].flatMap((file) =>
    [...read(`packages/viewer/src/${file}`).matchAll(/refusal\(\d+, '(\w+)'/g)].map(([, code = '']) => code),
  )
  expect([raised.size, ...thrown.map(({ length }) => length), refused.length].every((n) => n > 3)).toBe(true)
  expect([...raised, ...thrown.flat(), ...refused].filter((code) => !text.includes(`\`${code}\``))).toEqual(
    [],
  )
})

/** The members of a union of codes. */
function codesOf(file: string, name: string): readonly string[] {
  const [, union = ''] = new RegExp(`export type ${name} =([\\s\\S]*?)\n\n`).exec(read(file)) ?? []
  return [...union.matchAll(/'(\w+)'/g)].map(([, code = '']) => code)
}

test('no example has more than the four files that their page promises', () => {
  const { stdout } = spawnSync('git', ['ls-files', 'examples'], { cwd: repository, encoding: 'utf8' })
  const code = stdout
    .split('\n')
    .filter((path) => /\.tsx?$/.test(path) && !/\/prisma\.config\.ts$|\/layout\.tsx$/.test(path))
    .map((path) => path.split('/')[1] ?? '')
  const counts = new Map(
    [...new Set(code)].map((name) => [name, code.filter((each) => each === name).length]),
  )
  expect(counts.size).toBe(7)
  expect([...counts].filter(([, files]) => files > 4)).toEqual([])
})
