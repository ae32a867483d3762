import { useContext, useState } from 'preact/hooks'
import type { ChartAnswer } from '../../src/answers.ts'
import { hrefOf } from './address.ts'
import { useAnswer } from './ask.ts'
import { Bars, type Brush } from './bars.tsx'
import { operationName, TablesContext } from './facts.tsx'
import { filterOf } from './filter-of.ts'
import { Filters } from './filters.tsx'
import { Problem } from './problem.tsx'
import { Scroll } from './scroll.tsx'
import { numberText, plural, Text } from './text.tsx'
import { formatTime, offsetOf, ZoneContext, zoneName } from './time.tsx'

const GROUPS = [
  ['table', 'by table'],
  ['actor', 'by actor'],
  ['operation', 'by operation'],
] as const

/** Changes over time; a range that is brushed on it becomes a link. */
export function Chart({ query }: { readonly query: URLSearchParams }) {
  const asked = filterOf(query, ['group', 'exact'])
  const { answer, error, isLoading } = useAnswer<ChartAnswer>('chart', asked)
  const group = query.get('group') ?? 'table'
  const withGroup = (name: string) => {
    const next = filterOf(query)
    next.set('group', name)
    return hrefOf('chart', next)
  }
  return (
    <>
      <Filters place="chart" query={query} />
      <div class="bar">
        <nav aria-label="What the chart tells apart">
          {GROUPS.map(([name, label]) => (
            <a key={name} href={withGroup(name)} aria-current={group === name ? 'true' : undefined}>
              {label}
            </a>
          ))}
        </nav>
        <a href={hrefOf('activity', filterOf(query))}>As a list</a>
      </div>
      {error !== undefined && <Problem message={error} />}
      <p class="status" role="status">
        {isLoading ? 'Counting…' : ''}
      </p>
      {answer !== undefined && (
        <Drawn key={`${answer.from} ${answer.to} ${group}`} answer={answer} query={query} group={group} />
      )}
    </>
  )
}

function Drawn(props: {
  readonly answer: ChartAnswer
  readonly query: URLSearchParams
  readonly group: string
}) {
  const { answer, query, group } = props
  const { tables } = useContext(TablesContext)
  const zone = useContext(ZoneContext)
  const [brush, setBrush] = useState<Brush>()
  const buckets = answer.series[0]?.counts.length ?? 0
  const timeAt = (bucket: number) =>
    new Date(Date.parse(answer.from) + bucket * answer.bucket * 1000).toISOString()
  const nameOf = (name: string | null) => {
    if (name === null) return 'nobody named'
    if (group === 'operation') return operationName(name)
    return group === 'table' ? (tables.find(({ id }) => id === name)?.label ?? name) : name
  }
  const total = answer.series.reduce(
    (sum, { counts }) => sum + counts.reduce((all, count) => all + count, 0),
    0,
  )
  const range = (place: 'activity' | 'chart') => {
    const next = filterOf(query, place === 'chart' ? ['group'] : [])
    next.set('from', timeAt(brush?.[0] ?? 0))
    next.set('to', timeAt(brush?.[1] ?? buckets))
    return hrefOf(place, next)
  }
  const exact = filterOf(query, ['group'])
  exact.set('exact', '1')
  const label = (iso: string) => `${formatTime(iso, zone, 0)} ${offsetOf(iso, zone)}`
  if (buckets === 0) return <p class="note">There are no changes in this range.</p>
  return (
    <section aria-label="Chart">
      <p>
        {answer.isEstimated ? 'About ' : ''}
        {plural(Math.round(total), 'change')} from {label(answer.from)} to {label(answer.to)}
        {answer.isEstimated
          ? `, estimated from ${numberText(answer.looked)} of about ${numberText(answer.of)} rows. `
          : ', counted. '}
        {answer.isEstimated && <a href={hrefOf('chart', exact)}>Count them all (slow)</a>}
      </p>
      <Bars {...{ answer, brush, setBrush, nameOf, timeAt }} />
      <p class="brushed" role="status">
        {brush === undefined
          ? 'Drag over the chart, or move the two ends below it, to choose a range.'
          : `Chosen: ${label(timeAt(brush[0]))} to ${label(timeAt(brush[1]))}`}
      </p>
      {brush !== undefined && (
        <p class="bar">
          <a href={range('activity')}>Show these changes</a>
          <a href={range('chart')}>Zoom in</a>
          <button type="button" onClick={() => setBrush(undefined)}>
            Choose nothing
          </button>
        </p>
      )}
      <details>
        <summary>The figures as a table (times in {zoneName(zone)})</summary>
        <Scroll label="Figures">
          <table class="figures">
            <thead>
              <tr>
                <th scope="col">From</th>
                {answer.series.map(({ name }) => (
                  <th key={name} scope="col">
                    <Text>{nameOf(name)}</Text>
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {Array.from({ length: buckets }, (_, bucket) => bucket)
                .filter((bucket) => answer.series.some(({ counts }) => (counts[bucket] ?? 0) > 0))
                .map((bucket) => (
                  <tr key={bucket}>
                    <th scope="row">{formatTime(timeAt(bucket), zone, 0)}</th>
                    {answer.series.map(({ name, counts }) => (
                      <td key={name}>{numberText(Math.round(counts[bucket] ?? 0))}</td>
                    ))}
                  </tr>
                ))}
            </tbody>
          </table>
        </Scroll>
      </details>
    </section>
  )
}
