import { useContext, useRef } from 'preact/hooks'
import type { ChartAnswer } from '../../src/answers.ts'
import { numberText, Text } from './text.tsx'
import { formatTime, ZoneContext } from './time.tsx'

/** The first bucket, and the one after the last. */
export type Brush = readonly [from: number, to: number]

const [WIDTH, HEIGHT, BOTTOM, TOP] = [960, 240, 1, 10]

export function Bars(props: {
  readonly answer: ChartAnswer
  readonly brush: Brush | undefined
  readonly setBrush: (brush: Brush) => void
  readonly nameOf: (name: string | null) => string
  readonly timeAt: (bucket: number) => string
}) {
  const { answer, brush, setBrush, nameOf, timeAt } = props
  const zone = useContext(ZoneContext)
  const svg = useRef<SVGSVGElement>(null)
  const start = useRef<number | undefined>(undefined)
  const buckets = answer.series[0]?.counts.length ?? 1
  const width = WIDTH / buckets
  const sums = Array.from({ length: buckets }, (_, bucket) =>
    answer.series.reduce((sum, { counts }) => sum + (counts[bucket] ?? 0), 0),
  )
  const highest = Math.max(1, ...sums)
  const scale = (HEIGHT - BOTTOM - TOP) / highest

  const bucketAt = (event: PointerEvent) => {
    const box = svg.current?.getBoundingClientRect()
    if (box === undefined || box.width === 0) return 0
    return Math.min(buckets - 1, Math.max(0, Math.floor(((event.clientX - box.left) / box.width) * buckets)))
  }
  const brushTo = (event: PointerEvent) => {
    if (start.current === undefined) return
    const now = bucketAt(event)
    setBrush([Math.min(start.current, now), Math.max(start.current, now) + 1])
  }

  return (
    <div class="chart">
      <svg
        ref={svg}
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`Changes over time, at most ${numberText(Math.round(highest))} in one of ${buckets} parts. The figures are in the table below.`}
        onPointerDown={(event) => {
          start.current = bucketAt(event)
          event.currentTarget.setPointerCapture(event.pointerId)
          brushTo(event)
        }}
        onPointerMove={brushTo}
        onPointerUp={() => {
          start.current = undefined
        }}
      >
        <line class="axis" x1="0" x2={WIDTH} y1={HEIGHT - BOTTOM} y2={HEIGHT - BOTTOM} />
        <line class="grid" x1="0" x2={WIDTH} y1={TOP} y2={TOP} />
        {sums.map((_, bucket) => {
          let y = HEIGHT - BOTTOM
          return answer.series.map(({ name, counts }, index) => {
            const height = (counts[bucket] ?? 0) * scale
            y -= height
            if (height === 0) return null
            return (
              <rect
                key={name}
                class={`series series-${index}`}
                x={bucket * width + 0.5}
                y={y}
                width={Math.max(1, width - 1)}
                height={height}
              >
                <title>{`${formatTime(timeAt(bucket), zone, 0)} ${nameOf(name)}: ${numberText(Math.round(counts[bucket] ?? 0))}`}</title>
              </rect>
            )
          })
        })}
        {brush !== undefined && (
          <rect
            class="brush"
            x={brush[0] * width}
            y={TOP}
            width={(brush[1] - brush[0]) * width}
            height={HEIGHT - BOTTOM - TOP}
          />
        )}
      </svg>
      <p class="axis-labels">
        <span>{formatTime(timeAt(0), zone, 0)}</span>
        <span>at most {numberText(Math.round(highest))} a bar</span>
        <span>{formatTime(timeAt(buckets), zone, 0)}</span>
      </p>
      <div class="ends">
        <label class="end-of-range">
          Start of the range
          <input
            type="range"
            min="0"
            max={buckets - 1}
            value={brush?.[0] ?? 0}
            aria-valuetext={formatTime(timeAt(brush?.[0] ?? 0), zone, 0)}
            onInput={(event) => {
              const from = Number(event.currentTarget.value)
              setBrush([from, Math.max(from + 1, brush?.[1] ?? buckets)])
            }}
          />
        </label>
        <label class="end-of-range">
          End of the range
          <input
            type="range"
            min="1"
            max={buckets}
            value={brush?.[1] ?? buckets}
            aria-valuetext={formatTime(timeAt(brush?.[1] ?? buckets), zone, 0)}
            onInput={(event) => {
              const to = Number(event.currentTarget.value)
              setBrush([Math.min(to - 1, brush?.[0] ?? 0), to])
            }}
          />
        </label>
      </div>
      <ul class="legend" aria-label="Colours">
        {answer.series.map(({ name, counts }, index) => (
          <li key={name}>
            <svg viewBox="0 0 10 10" aria-hidden="true">
              <rect class={`series series-${index}`} width="10" height="10" />
            </svg>{' '}
            <Text>{nameOf(name)}</Text>: {answer.isEstimated ? 'about ' : ''}
            {numberText(Math.round(counts.reduce((sum, count) => sum + count, 0)))}
          </li>
        ))}
      </ul>
    </div>
  )
}
