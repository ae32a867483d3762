import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const repository = fileURLToPath(new URL('../../..', import.meta.url))

export const readPage = (page: string) => readFileSync(join(repository, page), 'utf8')

const pagesIn = (folder: string, options?: { readonly recursive: true }) =>
  readdirSync(join(repository, folder), { encoding: 'utf8', ...options })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `${folder}/${name}`)
    .sort()

/** What a user reads: every document, and the README of each package. */
export const documents: readonly string[] = [
  'README.md',
  'SECURITY.md',
  ...pagesIn('docs', { recursive: true }),
  ...['generator', 'client-extension', 'viewer'].map((name) => `packages/${name}/README.md`),
]

/** Those, and what only a contributor reads. */
export const allPages: readonly string[] = [
  ...documents,
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  'examples/README.md',
  ...pagesIn('bench/results'),
]
