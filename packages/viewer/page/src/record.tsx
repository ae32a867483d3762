import { useContext } from 'preact/hooks'
import type { RecordAnswer } from '../../src/answers.ts'
import { hrefOf } from './address.ts'
import { recordName, useTable } from './facts.tsx'
import { Further } from './further.tsx'
import { Problem } from './problem.tsx'
import { Text } from './text.tsx'
import { ZoneContext, zoneName } from './time.tsx'
import { usePages } from './use-pages.ts'
import { Version } from './version.tsx'

export function RecordPage({ query }: { readonly query: URLSearchParams }) {
  const id = query.get('table') ?? ''
  const table = useTable(id)
  const zone = useContext(ZoneContext)
  const asked = new URLSearchParams({ table: id, key: query.get('key') ?? '' })
  const { pages, last, error, isLoading, goOn } = usePages<RecordAnswer>('record', asked.toString())
  const key = parsedKey(query.get('key'))
  const entries = pages.flatMap((page) => page.entries)
  if (error !== undefined) return <Problem message={error} />
  return (
    <>
      <p class="subject">
        <Text>{recordName(table, { table: id, key })}</Text>
      </p>
      <div class="bar">
        <p>Newest first, times in {zoneName(zone)}.</p>
        <a href={hrefOf('as-of', { table: id, key: query.get('key') })}>As of a moment</a>
        <a href={hrefOf('activity', { table: id })}>All of this table</a>
      </div>
      <p class="status" role="status">
        {isLoading && pages.length === 0 ? 'Loading…' : ''}
        {!isLoading && entries.length === 0 ? 'The history has nothing of this row.' : ''}
      </p>
      <ol class="versions" aria-label="Versions, newest first" aria-busy={isLoading}>
        {table !== undefined &&
          entries.map((entry) => (
            <li key={entry.auditId}>
              <Version entry={entry} table={table} />
            </li>
          ))}
      </ol>
      {last !== undefined && entries.length > 0 && (
        <Further last={{ ...last, searchedUntil: null }} {...{ isLoading, goOn }} what="Older versions" />
      )}
    </>
  )
}

function parsedKey(text: string | null): readonly (string | null)[] {
  try {
    const key: unknown = JSON.parse(text ?? '[]')
    return Array.isArray(key) ? key.map(String) : []
  } catch {
    return []
  }
}
