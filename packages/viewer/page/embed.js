import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'

/*
 * Writes what vite has built as one module of the server, so that no bundler and no file system stands between the package and its
 * page; and the licences of what is in it.
 */
const here = import.meta.dirname
const read = (path) => readFileSync(join(here, path), 'utf8')

const { 'src/main.tsx': entry } = JSON.parse(read('dist/manifest.json'))
const script = entry.file
const [style] = entry.css
const asset = (path, type) => [basename(path), { type, body: read(join('dist', path)) }]
const page = {
  script: basename(script),
  style: basename(style),
  assets: Object.fromEntries([
    asset(script, 'text/javascript; charset=utf-8'),
    asset(style, 'text/css; charset=utf-8'),
  ]),
}
mkdirSync(join(here, '../src/generated'), { recursive: true })
writeFileSync(
  join(here, '../src/generated/page.ts'),
  `export const page: {
  readonly script: string
  readonly style: string
  readonly assets: Readonly<Record<string, { readonly type: string; readonly body: string }>>
} = ${JSON.stringify(page, null, 2)}
`,
)

const packages = ['preact', 'diff']
const licences = packages.map((name) => {
  const folder = dirname(createRequire(import.meta.url).resolve(`${name}/package.json`))
  return `${name}\n\n${readFileSync(join(folder, 'LICENSE'), 'utf8')}`
})
mkdirSync(join(here, '../dist'), { recursive: true })
writeFileSync(join(here, '../dist/page-licences.txt'), licences.join(`\n${'-'.repeat(80)}\n\n`))
