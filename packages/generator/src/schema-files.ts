import { readdir, readFile, stat } from 'node:fs/promises'
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

async function schemaPaths(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.prisma'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
}
