import { useContext, useState } from 'preact/hooks'
import type { TablesAnswer } from '../../src/answers.ts'
import { hrefOf, navigate, type Place } from './address.ts'
import { Conditions } from './conditions.tsx'
import { OPERATIONS, TablesContext } from './facts.tsx'
import { filterOf } from './filter-of.ts'
import { fromInput, toInput, ZoneContext, zoneName } from './time.tsx'

/** What may be asked of who made a change: settings of the application, and what the database knows. */
export function actorsOf({ tables, actor }: TablesAnswer): readonly (readonly [string, string])[] {
  const names = [...new Set(tables.flatMap(({ settings }) => settings.map(({ name }) => name)))]
  const sorted = names.sort((a, b) => Number(b === actor) - Number(a === actor))
  return [
    ...sorted.map((name) => [`by.${name}`, `${name} (said by the application)`] as const),
    ['user', 'database user'],
    ['fact.client_addr', 'client address'],
    ['fact.application_name', 'application_name'],
  ]
}

export function Filters({ place, query }: { readonly place: Place; readonly query: URLSearchParams }) {
  const tables = useContext(TablesContext)
  const zone = useContext(ZoneContext)
  const actors = actorsOf(tables)
  const [who, setWho] = useState(actors[0]?.[0] ?? 'user')
  const [value, setValue] = useState('')
  // On a phone they would be all that there is to see.
  const [isWide] = useState(() => matchMedia('(min-width: 38rem)').matches)

  const submitted = (event: SubmitEvent) => {
    event.preventDefault()
    const form = new FormData(event.currentTarget as HTMLFormElement)
    const next = filterOf(query, ['group'])
    for (const name of ['table', 'op', 'from', 'to']) next.delete(name)
    const table = String(form.get('table') ?? '')
    if (table !== '') next.append('table', table)
    for (const operation of form.getAll('op')) next.append('op', String(operation))
    for (const name of ['from', 'to']) {
      const time = fromInput(String(form.get(name) ?? ''), zone)
      if (time !== '') next.append(name, time)
    }
    if (value !== '') next.set(who, value)
    setValue('')
    navigate(hrefOf(place, next))
  }

  return (
    <details class="filter-box" open={isWide}>
      <summary>Filters</summary>
      <form class="filters" onSubmit={submitted} aria-label="Filters">
        <label>
          Table
          <select
            name="table"
            data-key="filter"
            key={query.get('table')}
            defaultValue={query.get('table') ?? ''}
          >
            <option value="">All tables</option>
            {tables.tables.map(({ id, label, isRetired }) => (
              <option key={id} value={id} selected={query.get('table') === id}>
                {label}
                {isRetired ? ' (retired)' : ''}
              </option>
            ))}
          </select>
        </label>
        <fieldset>
          <legend>Operation</legend>
          {OPERATIONS.map(([operation, name]) => (
            <label class="operation-choice" key={operation}>
              <input
                type="checkbox"
                name="op"
                value={operation}
                defaultChecked={query.getAll('op').includes(operation)}
              />
              {name}
            </label>
          ))}
        </fieldset>
        <label>
          From ({zoneName(zone)})
          <input
            type="datetime-local"
            name="from"
            step="0.001"
            defaultValue={toInput(query.get('from'), zone)}
          />
        </label>
        <label>
          To ({zoneName(zone)})
          <input type="datetime-local" name="to" step="0.001" defaultValue={toInput(query.get('to'), zone)} />
        </label>
        <div class="who">
          <label>
            Who or why
            <select value={who} onChange={(event) => setWho(event.currentTarget.value)}>
              {actors.map(([name, label]) => (
                <option key={name} value={name}>
                  {label}
                </option>
              ))}
            </select>
          </label>
          <label>
            is exactly
            <input
              type="text"
              value={value}
              onInput={(event) => setValue(event.currentTarget.value)}
              autoComplete="off"
            />
          </label>
        </div>
        <button type="submit">Filter</button>
        <Conditions place={place} query={query} tables={tables} zone={zone} />
      </form>
    </details>
  )
}
