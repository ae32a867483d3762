import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks'
import type { TablesAnswer } from '../../src/answers.ts'
import { Activity } from './activity.tsx'
import { type Address, followLinks, hrefOf, meta, type Place, useAddress } from './address.ts'
import { AsOf } from './as-of.tsx'
import { useAnswer } from './ask.ts'
import { Chart } from './chart.tsx'
import { TablesContext } from './facts.tsx'
import { Help, useKeys } from './keys.tsx'
import { Problem } from './problem.tsx'
import { RecordPage } from './record.tsx'
import { plural } from './text.tsx'
import { type Zone, ZoneContext, zoneName } from './time.tsx'
import { Transaction } from './transaction.tsx'

const TITLES: Readonly<Record<Place, string>> = {
  activity: 'Activity',
  record: 'Record',
  transaction: 'Transaction',
  chart: 'Chart',
  'as-of': 'As of a moment',
}

const NOTHING = new URLSearchParams()

export function App() {
  const address = useAddress()
  const [zone, setZone] = useKept<Zone>('zone', 'UTC', ['UTC', 'local'])
  const [theme, setTheme] = useKept<string>('theme', 'auto', ['auto', 'light', 'dark'])
  const [isHelpOpen, setHelpOpen] = useState(false)
  const { answer: tables, error } = useAnswer<TablesAnswer>('tables', NOTHING)
  const main = useRef<HTMLElement>(null)
  useKeys(() => setHelpOpen(true))
  // Before anything is painted: no flash of the other colours.
  useLayoutEffect(() => {
    document.documentElement.dataset.theme = theme
  }, [theme])
  useEffect(() => {
    document.title = `${TITLES[address.place]} · ${meta('title')}`
  }, [address.place])
  useEffect(() => {
    addEventListener('click', followLinks)
    return () => removeEventListener('click', followLinks)
  }, [])
  return (
    <ZoneContext.Provider value={zone}>
      <a class="skip" href="#main">
        To the content
      </a>
      <header class="top">
        <p class="name">{meta('title')}</p>
        <nav aria-label="Pages">
          {(['activity', 'chart', 'as-of'] as const).map((place) => (
            <a key={place} href={hrefOf(place)} aria-current={address.place === place ? 'page' : undefined}>
              {TITLES[place]}
            </a>
          ))}
        </nav>
        <div class="settings">
          <label>
            Times in{' '}
            <select value={zone} onChange={(event) => setZone(event.currentTarget.value as Zone)}>
              <option value="UTC">UTC</option>
              <option value="local">{zoneName('local')} (here)</option>
            </select>
          </label>
          <label>
            Colours{' '}
            <select value={theme} onChange={(event) => setTheme(event.currentTarget.value)}>
              <option value="auto">as the system</option>
              <option value="light">light</option>
              <option value="dark">dark</option>
            </select>
          </label>
          <button type="button" onClick={() => setHelpOpen(true)} aria-keyshortcuts="?">
            Keys
          </button>
        </div>
      </header>
      <main id="main" ref={main} tabIndex={-1}>
        <h1>{TITLES[address.place]}</h1>
        {error !== undefined && <Problem message={error} />}
        {tables !== undefined && (
          <TablesContext.Provider value={tables}>
            <Unreadable names={tables.unreadable} />
            {tables.tables.length === 0 ? <NoHistory /> : <Shown address={address} />}
          </TablesContext.Provider>
        )}
        {tables === undefined && error === undefined && <p class="loading">Loading…</p>}
      </main>
      <Help isOpen={isHelpOpen} close={() => setHelpOpen(false)} />
    </ZoneContext.Provider>
  )
}

function Shown({ address }: { readonly address: Address }) {
  const { place, query } = address
  // What belongs to one link ends with it.
  const key = useMemo(() => `${place}?${query}`, [place, query])
  if (place === 'record') return <RecordPage key={key} query={query} />
  if (place === 'transaction') return <Transaction key={key} query={query} />
  if (place === 'chart') return <Chart query={query} />
  if (place === 'as-of') return <AsOf key={key} query={query} />
  return <Activity key={key} query={query} />
}

function Unreadable({ names }: { readonly names: readonly string[] }) {
  if (names.length === 0) return null
  return (
    <details class="note">
      <summary>
        {plural(names.length, 'history', 'histories')} may not be read by this connection's role.
      </summary>
      <p>
        <code>npx prisma-generator-audit reader</code> prints the rights that are missing: {names.join(', ')}
      </p>
    </details>
  )
}

function NoHistory() {
  return (
    <p class="note">
      There is no history here that may be read. Migrations of <code>prisma-generator-audit</code> make one a
      model.
    </p>
  )
}

function useKept<T extends string>(name: string, usual: T, known: readonly T[]) {
  const place = `audit-viewer-${name}`
  const [value, setValue] = useState<T>(
    () => known.find((each) => each === localStorage.getItem(place)) ?? usual,
  )
  const keep = (next: T) => {
    localStorage.setItem(place, next)
    setValue(next)
  }
  return [value, keep] as const
}
