import { closeSync, fsyncSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'

export interface ExportFile {
  readonly path: string
  /** Adds a line for each, and returns when the disk has them. */
  append(lines: readonly string[]): void
  close(): void
}

/**
 * The file of one history and run, `audit.User_audit.2026-03-04T10-15-00.000Z.jsonl`. It is made with its first line.
 *
 * @throws Error of `node:fs` where it cannot be written
 */
export function exportFile(folder: string, history: string, runAt: Date): ExportFile {
  const name = encodeURIComponent(history).replaceAll('*', '%2A').slice(0, 180)
  const path = join(resolve(folder), `${name}.${runAt.toISOString().replaceAll(':', '-')}.jsonl`)
  let file: number | undefined
  return {
    path,
    append(lines) {
      file ??= create(path)
      const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''))
      for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written)
      fsyncSync(file)
    },
    close() {
      if (file !== undefined) closeSync(file)
    },
  }
}

/** The folder has to know of it, too. */
function create(path: string): number {
  mkdirSync(dirname(path), { recursive: true })
  const file = openSync(path, 'ax')
  const folder = openSync(dirname(path), 'r')
  fsyncSync(folder)
  closeSync(folder)
  return file
}
