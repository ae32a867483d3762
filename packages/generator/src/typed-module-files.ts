import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { TypedModuleFile } from './typescript/render-typed-module.ts'

/**
 * Writes the typed module. A file that is as it should be is left alone, so that no watcher wakes up.
 *
 * @throws Error that names the file and says what to do, where it cannot be written
 */
export async function writeTypedModule(folder: string, files: readonly TypedModuleFile[]): Promise<void> {
  for (const { path, text } of files) {
    const target = join(folder, path)
    const present = await readFile(target, 'utf8').catch(() => undefined)
    if (present === text) continue
    try {
      await mkdir(dirname(target), { recursive: true })
      await writeFile(target, text)
    } catch (error) {
      throw new Error(
        `The typed module cannot be written to ${target} (${systemCode(error)}). Give this user write access to that folder, or name another one in the generator's option "output".`,
        { cause: error },
      )
    }
  }
}

function systemCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error)
}
