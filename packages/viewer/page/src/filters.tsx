import { useContext, useState } from 'preact/hooks'
import type { TablesAnswer } from '../../src/answers.ts'
import { hrefOf, navigate, type Place } from './address.ts'
import { OPERATIONS, operationName, TablesContext } from './facts.tsx'
import { Text } from './text.tsx'
import { formatTime, fromInput, offsetOf, toInput, type Zone, ZoneContext, zoneName } from './time.tsx'

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

/** The part of a link that filters, without what belongs to one place alone. */
export function filterOf(query: URLSearchParams, also: readonly string[] = []): URLSearchParams {
  const kept = [...query].filter(
    ([name, value]) =>
      (/^(by|fact)\./.test(name) || ['table', 'op', 'from', 'to', 'tx', 'user', ...also].includes(name)) &&
      (value !== '' || /^(by|fact)\./.test(name)),
  )
  return new URLSearchParams(kept)
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

function Conditions(props: {
  readonly place: Place
  readonly query: URLSearchParams
  readonly tables: TablesAnswer
  readonly zone: Zone
}) {
  const { place, query, tables, zone } = props
  const conditions = [...filterOf(query)]
  if (conditions.length === 0) return null
  const without = (index: number) => {
    const rest = conditions.filter((_, other) => other !== index)
    const kept = [...query].filter(([name]) => name === 'group')
    return hrefOf(place, new URLSearchParams([...rest, ...kept]))
  }
  return (
    <ul class="conditions" aria-label="Filters that are set">
      {conditions.map(([name, value], index) => (
        <li key={`${name}=${value}`}>
          <Text>{conditionText(name, value, tables, zone)}</Text>
          <a
            href={without(index)}
            aria-label={`Take away the filter ${conditionText(name, value, tables, zone)}`}
          >
            ×
          </a>
        </li>
      ))}
      <li>
        <a href={hrefOf(place)}>Clear all</a>
      </li>
    </ul>
  )
}

function conditionText(name: string, value: string, { tables }: TablesAnswer, zone: Zone): string {
  const said = value === '' ? 'nothing' : value
  if (name === 'table') return `table: ${tables.find(({ id }) => id === value)?.label ?? value}`
  if (name === 'op') return operationName(value)
  if (name === 'from' || name === 'to') return `${name} ${formatTime(value, zone)} ${offsetOf(value, zone)}`
  if (name === 'tx') return `transaction ${value.split('@')[0]}`
  if (name === 'user') return `database user: ${said}`
  return `${name.replace(/^\w+\./, '')}: ${said}`
}
