import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const repository = fileURLToPath(new URL('../..', import.meta.url))
const read = (path: string) => readFileSync(join(repository, path), 'utf8')

const pages = [
  ...readdirSync(join(repository, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
  ...readdirSync(join(repository, 'bench/results'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `bench/results/${name}`),
  ...['README.md', 'SECURITY.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'examples/README.md'],
  ...['generator', 'client-extension', 'viewer'].map((name) => `packages/${name}/README.md`),
]

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

test.each(pages)('each link of %s leads to a file, and to a heading of it', (page) => {
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

test('every document is in the index of docs/README.md', () => {
  const index = read('docs/README.md')
  const missing = pages.filter(
    (page) =>
      page.startsWith('docs/') &&
      page !== 'docs/README.md' &&
      !index.includes(`(${page.slice('docs/'.length)}`),
  )
  expect(missing).toEqual([])
})

test('troubleshooting has each SQLSTATE that the SQL raises, and each code of the client’s error', () => {
  const text = read('docs/troubleshooting.md')
  const sources = readdirSync(join(repository, 'packages/generator/src/sql')).map((name) =>
    read(`packages/generator/src/sql/${name}`),
  )
  const raised = new Set(sources.join('\n').match(/\bAU\d{3}\b/g))
  const union =
    /export type AuditErrorCode =([\s\S]*?)\n\n/.exec(read('packages/client-extension/src/errors.ts'))?.[1] ??
    ''
  const thrown = [...union.matchAll(/'(\w+)'/g)].map(([, code = '']) => code)
  expect(raised.size).toBeGreaterThan(3)
  expect(thrown.length).toBeGreaterThan(8)
  expect([...raised, ...thrown].filter((code) => !text.includes(`\`${code}\``))).toEqual([])
})
