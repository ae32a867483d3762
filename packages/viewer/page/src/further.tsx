import type { ActivityAnswer } from '../../src/answers.ts'
import { Time } from './time.tsx'

/** Goes on; where the search stopped for want of an index it says so, and goes on only when it is told to. */
export function Further(props: {
  readonly last: Pick<ActivityAnswer, 'cursor' | 'searchedUntil'>
  readonly isLoading: boolean
  readonly goOn: (more: Readonly<Record<string, string>>) => void
  readonly what: string
}) {
  const { last, isLoading, goOn, what } = props
  const { cursor, searchedUntil } = last
  if (cursor === null) return <p class="end">That is all.</p>
  if (searchedUntil === null) {
    return (
      <button type="button" data-key="more" disabled={isLoading} onClick={() => goOn({ cursor })}>
        {what}
      </button>
    )
  }
  return (
    <div class="note further">
      <p>
        No index tells which rows fit. Those until <Time iso={searchedUntil} /> were looked at.
      </p>
      <button type="button" data-key="more" disabled={isLoading} onClick={() => goOn({ cursor })}>
        Look further
      </button>{' '}
      <button type="button" disabled={isLoading} onClick={() => goOn({ cursor, deep: '1' })}>
        Look through all of it (slow)
      </button>
    </div>
  )
}
