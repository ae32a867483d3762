import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { TypedModuleFile } from './typescript/render-typed-module.ts'

/** Writes the typed module. A file that is as it should be is left alone, so that no watcher wakes up. */
export async function writeTypedModule(folder: string, files: readonly TypedModuleFile[]): Promise<void> {
  for (const { path, text } of files) {
    const target = join(folder, path)
    const present = await readFile(target, 'utf8').catch(() => undefined)
    if (present === text) continue
    await mkdir(dirname(target), { recursive: true })
    await writeFile(target, text)
  }
}
