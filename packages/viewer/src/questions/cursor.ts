import { ViewerError } from '../viewer-error.ts'

/** Where the next page begins: for each history, by its oid, the id that its rows have to lie below (or from which on they lie). */
export type Places = Readonly<Record<string, string>>

export function renderCursor(places: object): string {
  return Buffer.from(JSON.stringify(places)).toString('base64url')
}

/** @throws ViewerError `INVALID` for a text that `renderCursor` has not made */
export function parsePlaces(text: string): Places {
  const read = parsed(text)
  const isPlaces =
    typeof read === 'object' &&
    read !== null &&
    Object.entries(read).every(([oid, id]) => /^\d{1,10}$/.test(oid) && /^-?\d{1,19}$/.test(String(id)))
  if (!isPlaces) throw invalid()
  return read as Places
}

/** The key of the last row of a page, and which part of the answer it was in. */
export interface KeyPlace {
  readonly part: 'history' | 'live'
  readonly after?: readonly string[]
}

export function parseKeyPlace(text: string): KeyPlace {
  const read = parsed(text) as Partial<KeyPlace> | null
  const isPart = read?.part === 'history' || read?.part === 'live'
  const isKey =
    read?.after === undefined ||
    (Array.isArray(read.after) && read.after.every((part) => typeof part === 'string'))
  if (!isPart || !isKey) throw invalid()
  return read as KeyPlace
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString('utf8'))
  } catch {
    return null
  }
}

function invalid(): ViewerError {
  return new ViewerError('INVALID', 'This is no place to go on from. Begin at the first page.')
}
