import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import type { ComparedTable } from './compare-live.ts'
import { ProjectNotFoundError } from './project-not-found-error.ts'

/** How far the tables are compared, by their names. */
export type Places = Readonly<Record<string, ComparedTable>>

/**
 * What an earlier run has left in the file; nothing where there is none.
 *
 * @param database of which it has to be
 * @throws ProjectNotFoundError where the file holds something else
 */
export function readPlaces(path: string | undefined, database: string): Places {
  if (path === undefined || !existsSync(path)) return {}
  const place = parsePlace(path)
  if (place.database === database) return place.tables
  throw new ProjectNotFoundError(
    `${path} is the place of a run on another database, ${place.database}, and this one is ${database}. A copy of the same name, and a database that was restored, is another. Name another file, or remove it.`,
  )
}

interface PlaceFile {
  readonly version: 1
  readonly database: string
  readonly tables: Places
}

function parsePlace(path: string): PlaceFile {
  try {
    const place: PlaceFile = JSON.parse(readFileSync(path, 'utf8'))
    if (place.version === 1 && typeof place.tables === 'object') return place
  } catch {
    // Said below.
  }
  throw new ProjectNotFoundError(
    `${path} is not what verify --live --place has written. Remove it to begin anew.`,
  )
}

/** A reader finds the place of before or this one, and nothing half written. */
export function writePlaces(path: string | undefined, database: string, tables: Places): void {
  if (path === undefined) return
  const place: PlaceFile = { version: 1, database, tables }
  writeFileSync(`${path}.new`, JSON.stringify(place))
  renameSync(`${path}.new`, path)
}

/** All is compared: the next run begins anew. */
export function removePlaces(path: string | undefined): void {
  if (path !== undefined) rmSync(path, { force: true })
}
