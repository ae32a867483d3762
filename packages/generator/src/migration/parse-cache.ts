import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { CondensedFile } from './condensed.ts'

/** Raised whenever `condense…` gives something else for the same text. */
const FORMAT = 'prisma-generator-audit condensed 8'

/** What was read of each file, by the SHA-256 of its text. One file on disk for each migrations folder. */
export interface ParseCache {
  get(text: string): CondensedFile | undefined
  put(text: string, condensed: CondensedFile): void
  /** Writes what was used or added, if something was added. Never throws: a cache may be read-only. */
  save(): void
}

/**
 * Opens the cache of the folder `dir`. A cache that is missing, damaged or of another version is an empty
 * one: its first line is the checksum of the rest. Two processes may write at once: the last one wins whole.
 */
export function openParseCache(dir: string, cacheDir: string | undefined): ParseCache {
  const path =
    cacheDir === undefined ? undefined : join(cacheDir, `migrations-${hash(dir).slice(0, 16)}.json`)
  const known = path === undefined ? {} : readEntries(path)
  const used = new Map<string, CondensedFile>()
  let changed = false
  return {
    get(text) {
      const key = hash(text)
      const found = Object.hasOwn(known, key) ? known[key] : undefined
      if (found) used.set(key, found)
      return found
    },
    put(text, condensed) {
      used.set(hash(text), condensed)
      changed = true
    },
    save() {
      if (path === undefined || cacheDir === undefined || !changed) return
      const draft = `${path}.${randomBytes(6).toString('hex')}`
      try {
        mkdirSync(cacheDir, { recursive: true })
        const body = JSON.stringify(Object.fromEntries(used))
        writeFileSync(draft, `${checksum(body)}\n${body}`)
        renameSync(draft, path)
      } catch {
        // Without a cache all works, only slower.
        removeIfPossible(draft)
      }
    },
  }
}

function removeIfPossible(path: string): void {
  try {
    rmSync(path, { force: true })
  } catch {
    // It was never made.
  }
}

function readEntries(path: string): Readonly<Record<string, CondensedFile>> {
  try {
    const text = readFileSync(path, 'utf8')
    const end = text.indexOf('\n')
    const body = text.slice(end + 1)
    return text.slice(0, end) === checksum(body) ? JSON.parse(body) : {}
  } catch {
    return {}
  }
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

function checksum(body: string): string {
  return createHash('sha256').update(FORMAT).update(body).digest('hex')
}
