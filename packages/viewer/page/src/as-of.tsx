import { useContext } from 'preact/hooks'
import type { AsOfAnswer, TableAnswer } from '../../src/answers.ts'
import { hrefOf, navigate } from './address.ts'
import { recordHref, TablesContext } from './facts.tsx'
import { Further } from './further.tsx'
import { Problem } from './problem.tsx'
import { Scroll } from './scroll.tsx'
import { Short } from './short.tsx'
import { Text } from './text.tsx'
import { formatTime, fromInput, offsetOf, Time, toInput, ZoneContext, zoneName } from './time.tsx'
import { usePages } from './use-pages.ts'

/** A table as it stood at a moment. */
export function AsOf({ query }: { readonly query: URLSearchParams }) {
  const { tables } = useContext(TablesContext)
  const zone = useContext(ZoneContext)
  const foldable = tables.filter(({ key, isWaivers }) => key.length > 0 && !isWaivers)
  const table = foldable.find(({ id }) => id === query.get('table'))
  const at = query.get('at') ?? ''
  const submitted = (event: SubmitEvent) => {
    event.preventDefault()
    const form = new FormData(event.currentTarget as HTMLFormElement)
    const moment = fromInput(String(form.get('at') ?? ''), zone) || new Date().toISOString()
    const chosen = String(form.get('table') ?? '')
    const key = chosen === query.get('table') ? query.get('key') : null
    navigate(hrefOf('as-of', { table: chosen, key, at: moment }))
  }
  return (
    <>
      <form class="filters" onSubmit={submitted} aria-label="Table and moment">
        <label>
          Table
          <select name="table" data-key="filter">
            {foldable.map(({ id, label }) => (
              <option key={id} value={id} selected={id === table?.id}>
                {label}
              </option>
            ))}
          </select>
        </label>
        <label>
          Moment ({zoneName(zone)}; empty: now)
          <input type="datetime-local" name="at" step="0.001" defaultValue={toInput(at, zone)} />
        </label>
        <button type="submit">Show</button>
      </form>
      {table !== undefined && at !== '' && <Rows table={table} at={at} rowKey={query.get('key')} />}
      {(table === undefined || at === '') && <p class="note">Choose a table and a moment.</p>}
    </>
  )
}

function Rows(props: { readonly table: TableAnswer; readonly at: string; readonly rowKey: string | null }) {
  const { table, at, rowKey } = props
  const zone = useContext(ZoneContext)
  const query = new URLSearchParams({ table: table.id, at, ...(rowKey === null ? {} : { key: rowKey }) })
  const { pages, last, error, isLoading, goOn } = usePages<AsOfAnswer>('as-of', query.toString())
  const rows = pages.flatMap((page) => page.rows)
  const [first] = pages
  if (error !== undefined) return <Problem message={error} />
  if (first === undefined || last === undefined) return <p class="loading">Loading…</p>
  const shown = table.columns.filter(({ isRetired }) => !isRetired)
  const moment = `${formatTime(at, zone)} ${offsetOf(at, zone)}`
  return (
    <>
      <p>
        <Text>{table.label}</Text> as it stood at {moment}, in the order of its key.
        {rowKey !== null && (
          <>
            {' '}
            One row. <a href={hrefOf('as-of', { table: table.id, at })}>All rows</a>
          </>
        )}
      </p>
      <Coverage answer={first} at={at} />
      <p class="status" role="status">
        {rows.length === 0 ? 'There was no row, as far as the history knows.' : ''}
      </p>
      {rows.length > 0 && (
        <Scroll label={`${table.label} at ${moment}`}>
          <table class="as-of">
            <thead>
              <tr>
                <th scope="col">Row</th>
                {shown.map(({ name }) => (
                  <th key={name} scope="col">
                    <Text>{name}</Text>
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => (
                <tr key={JSON.stringify(row.key)} class={`state-${row.state}`}>
                  <th scope="row">
                    <a href={recordHref({ table: table.id, key: row.key }) ?? ''}>
                      <Text>{row.key.join(', ')}</Text>
                    </a>
                    {row.state === 'unknown' && <span class="redacted">perhaps; these are later values</span>}
                    {row.state === 'live' && <span class="role"> never written since</span>}
                  </th>
                  {shown.map(({ name, recorded }) => (
                    <td key={name}>
                      <Short
                        value={row.values[first.columns.indexOf(name)] ?? null}
                        recorded={recorded}
                        characters={160}
                      />
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      )}
      <Further last={{ ...last, searchedUntil: null }} {...{ isLoading, goOn }} what="More rows" />
    </>
  )
}

/** What the history cannot know. */
function Coverage({ answer, at }: { readonly answer: AsOfAnswer; readonly at: string }) {
  const { coverageFrom, includesNeverWritten } = answer
  const isBefore = coverageFrom === null || Date.parse(at) < Date.parse(coverageFrom)
  return (
    <>
      {isBefore && (
        <p class="note">
          {coverageFrom === null ? (
            'Nothing was recorded yet.'
          ) : (
            <>
              That is before the first change that was recorded (<Time iso={coverageFrom} />
              ): what changed until then nobody knows.
            </>
          )}
        </p>
      )}
      {!includesNeverWritten && (
        <p class="note">
          Rows that were never written since auditing began are not shown: the live table cannot be read here.
        </p>
      )}
    </>
  )
}
