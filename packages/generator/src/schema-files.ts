import { readdir, readFile, realpath, stat } from 'node:fs/promises'
import { join, relative } from 'node:path'
import type { SourceFile } from './model/place.ts'

/**
 * The schema's own text, file by file, as it is on disk: what Prisma hands to generators is merged and reformatted.
 *
 * @param schemaPath a file, or the folder of a schema in several files
 * @returns paths relative to `cwd`, sorted
 */
export async function readSchemaFiles(schemaPath: string, cwd: string): Promise<readonly SourceFile[]> {
  const paths = (await stat(schemaPath)).isDirectory() ? await schemaPaths(schemaPath) : [schemaPath]
  return Promise.all(
    paths.map(async (path) => ({
      path: relative(cwd, path) || path,
      text: await readFile(path, 'utf8'),
    })),
  )
}

/** As Prisma: symbolic links are followed, and a folder that was read is not read again. */
async function schemaPaths(folder: string, read: Set<string> = new Set()): Promise<readonly string[]> {
  const real = await realpath(folder)
  if (read.has(real)) return []
  read.add(real)
  const found: string[] = []
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const written = join(folder, entry.name)
    const path = entry.isSymbolicLink() ? await realpath(written) : written
    const kind = entry.isSymbolicLink() ? await stat(path) : entry
    if (kind.isDirectory()) found.push(...(await schemaPaths(path, read)))
    else if (kind.isFile() && path.endsWith('.prisma')) found.push(path)
  }
  return found.sort()
}
