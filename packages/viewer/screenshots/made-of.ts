import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** What decides how the pictures look, by folder. */
const FOLDERS = ['packages/viewer/page/src', 'packages/viewer/screenshots', 'prisma/migrations'] as const

/** The SHA-256 of each folder's files, with their names: where it is another one the pictures are of something else. */
export function madeOf(repository: string): Readonly<Record<string, string>> {
  return Object.fromEntries(FOLDERS.map((folder) => [folder, hashOf(repository, folder)]))
}

function hashOf(repository: string, folder: string): string {
  const hash = createHash('sha256')
  const files = readdirSync(join(repository, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(repository.length))
    .toSorted()
  for (const file of files)
    hash
      .update(file)
      .update('\0')
      .update(readFileSync(join(repository, file)))
      .update('\0')
  return hash.digest('hex')
}
