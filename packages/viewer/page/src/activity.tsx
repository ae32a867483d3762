import { useContext, useEffect, useRef, useState } from 'preact/hooks'
import type { ActivityAnswer, Entry } from '../../src/answers.ts'
import { hrefOf } from './address.ts'
import { ask } from './ask.ts'
import { EntryLine } from './entry.tsx'
import { TablesContext } from './facts.tsx'
import { filterOf } from './filter-of.ts'
import { Filters } from './filters.tsx'
import { Further } from './further.tsx'
import { Problem } from './problem.tsx'
import { numberText, plural } from './text.tsx'
import { ZoneContext, zoneName } from './time.tsx'
import { usePages } from './use-pages.ts'

/** How often the newest changes are asked for, in milliseconds. */
const PERIOD = 3_000

export function Activity({ query }: { readonly query: URLSearchParams }) {
  const filter = filterOf(query)
  const asked = filter.toString()
  const { pages, last, error, isLoading, goOn, replace } = usePages<ActivityAnswer>('activity', asked)
  const [isLive, setLive] = useState(true)
  const zone = useContext(ZoneContext)
  const newer = useNewer(asked, isLive, pages, replace)
  const entries = pages.flatMap((page) => page.entries)
  const isNothing = !isLoading && entries.length === 0 && last?.cursor === null
  return (
    <>
      <Filters place="activity" query={query} />
      <div class="bar">
        <p>
          Newest first, times in {zoneName(zone)}. <Estimate filter={filter} />
        </p>
        <label>
          <input
            type="checkbox"
            checked={isLive}
            onChange={(event) => setLive(event.currentTarget.checked)}
          />{' '}
          Live
        </label>
        <a href={hrefOf('chart', filter)}>As a chart</a>
        <CopyLink />
      </div>
      {error !== undefined && <Problem message={error} />}
      <p class="status" role="status">
        {isLoading && pages.length === 0 ? 'Loading…' : ''}
        {isNothing ? 'Nothing fits these filters.' : ''}
      </p>
      {newer !== undefined && (
        <button
          type="button"
          class="newer"
          onClick={() => {
            replace(newer)
            scrollTo(0, 0)
          }}
        >
          There are newer changes: show them
        </button>
      )}
      <ol class="entries" aria-label="Changes, newest first" aria-busy={isLoading}>
        {entries.map((entry) => (
          <EntryLine key={keyOf(entry)} entry={entry} />
        ))}
      </ol>
      {last !== undefined && !isNothing && <Further {...{ last, isLoading, goOn }} what="Older changes" />}
    </>
  )
}

/**
 * Asks for the newest changes again and again. Gives them where they are not shown at once: a list that was read on is not taken
 * away under its reader.
 */
function useNewer(
  asked: string,
  isLive: boolean,
  pages: readonly ActivityAnswer[],
  replace: (page: ActivityAnswer) => void,
): ActivityAnswer | undefined {
  const [newer, setNewer] = useState<ActivityAnswer>()
  const shown = useRef({ pages, replace })
  shown.current = { pages, replace }
  useEffect(() => {
    if (!isLive) return
    const abort = new AbortController()
    const timer = setInterval(async () => {
      if (document.hidden) return
      const query = new URLSearchParams(asked)
      const answer = await ask<ActivityAnswer>('activity', query, abort.signal).catch(() => undefined)
      const { pages: now, replace: show } = shown.current
      if (answer === undefined || keyOf(answer.entries[0]) === keyOf(now[0]?.entries[0])) return
      if (now.length > 1 || scrollY > 200) setNewer(answer)
      else show(answer)
    }, PERIOD)
    return () => {
      abort.abort()
      clearInterval(timer)
    }
  }, [asked, isLive])
  return keyOf(newer?.entries[0]) === keyOf(pages[0]?.entries[0]) ? undefined : newer
}

function keyOf(entry: Entry | undefined): string {
  return entry === undefined ? '' : `${entry.table} ${entry.auditId}`
}

/** How many rows there are, without counting them. */
function Estimate({ filter }: { readonly filter: URLSearchParams }) {
  const { tables } = useContext(TablesContext)
  const names = filter.getAll('table')
  const chosen = tables.filter(({ id }) => names.length === 0 || names.includes(id))
  const known = chosen.filter(({ estimatedRows }) => estimatedRows !== null)
  if (known.length === 0) return null
  const rows = known.reduce((sum, { estimatedRows }) => sum + (estimatedRows ?? 0), 0)
  return (
    <>
      About {numberText(Math.round(rows))} rows in {plural(known.length, 'history', 'histories')}{' '}
      (PostgreSQL's estimate, filters aside).
    </>
  )
}

function CopyLink() {
  const [isCopied, setCopied] = useState(false)
  return (
    <button
      type="button"
      onClick={async () => {
        await navigator.clipboard.writeText(location.href)
        setCopied(true)
      }}
    >
      {isCopied ? 'Copied' : 'Copy link'}
    </button>
  )
}
