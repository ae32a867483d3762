import { closeSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs'
import type { Anchor } from '../seal/check-chain.ts'
import { ProjectNotFoundError } from './project-not-found-error.ts'

/** One line of the file: what is needed to know a seal again. */
export interface AnchorLine {
  readonly number: string
  readonly hash: string
  readonly sealedAt: string
}

/** `{"number":"12","hash":"9f86d0…","sealedAt":"2026-03-04 10:15:00.123456+00"}` */
export function anchorLine({ number, hash, sealedAt }: AnchorLine): string {
  return `${JSON.stringify({ number, hash, sealedAt })}\n`
}

/**
 * Appends a line, unless it is the last one already, and returns when the disk has it. What the file holds is never touched.
 *
 * @throws Error of Node where it cannot be written
 */
export function appendAnchor(path: string, line: string): void {
  const file = openSync(path, 'a+')
  try {
    const before = readFileSync(file, 'utf8')
    if (before.endsWith(line)) return
    // One that was cut off in the middle must not take this one along.
    writeSync(file, before === '' || before.endsWith('\n') ? line : `\n${line}`)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

/** @throws ProjectNotFoundError where it cannot be read, or holds something else */
export function readAnchors(path: string): readonly Anchor[] {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw new ProjectNotFoundError(
      `The anchors in ${path} cannot be read: ${error instanceof Error ? error.message : error}`,
    )
  }
  const lines = text.split('\n')
  const anchors = lines.flatMap((line, at) => (line.trim() === '' ? [] : [parseAnchor(line, path, at + 1)]))
  if (anchors.length > 0) return anchors
  throw new ProjectNotFoundError(`${path} holds no anchor. seal --export ${path} writes one.`)
}

function parseAnchor(line: string, path: string, at: number): Anchor {
  try {
    const { number, hash }: { number?: unknown; hash?: unknown } = JSON.parse(line)
    if (typeof hash === 'string' && /^[0-9a-f]{64}$/.test(hash) && /^\d+$/.test(String(number))) {
      return { number: BigInt(String(number)), hash }
    }
  } catch {
    // Said below.
  }
  throw new ProjectNotFoundError(
    `${path}:${at} is no anchor: a line is {"number":"12","hash":"…","sealedAt":"…"}`,
  )
}
