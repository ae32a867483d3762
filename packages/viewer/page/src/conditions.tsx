import type { TablesAnswer } from '../../src/answers.ts'
import { hrefOf, type Place } from './address.ts'
import { operationName } from './facts.tsx'
import { filterOf } from './filter-of.ts'
import { Text } from './text.tsx'
import { formatTime, offsetOf, type Zone } from './time.tsx'

/** The filters that are set, each with a link that takes it away. */
export function Conditions(props: {
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
