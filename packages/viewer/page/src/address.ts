import { useEffect, useState } from 'preact/hooks'

export const PLACES = ['activity', 'record', 'transaction', 'chart', 'as-of'] as const
export type Place = (typeof PLACES)[number]

/** What the page shows, all of it in the link. */
export interface Address {
  readonly place: Place
  readonly query: URLSearchParams
}

export function meta(name: string): string {
  return document.querySelector<HTMLMetaElement>(`meta[name="audit-viewer-${name}"]`)?.content ?? ''
}

export const base = meta('base')

export function currentAddress(): Address {
  const path = location.pathname.slice(base.length).replace(/^\//, '')
  const place = PLACES.find((known) => known === path) ?? 'activity'
  return { place, query: new URLSearchParams(location.search) }
}

export type Parameters = Readonly<Record<string, string | readonly string[] | null | undefined>>

/** `/record?table=…`; what is null or empty is left out. */
export function hrefOf(place: Place, parameters: Parameters | URLSearchParams = {}): string {
  const query = parameters instanceof URLSearchParams ? parameters : toQuery(parameters)
  const text = query.toString()
  return `${base}/${place}${text === '' ? '' : `?${text}`}`
}

function toQuery(parameters: Parameters): URLSearchParams {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(parameters)) {
    for (const each of [value ?? []].flat()) query.append(name, each)
  }
  return query
}

const CHANGED = 'audit-viewer:address'

export function navigate(href: string): void {
  if (href !== location.pathname + location.search) history.pushState(null, '', href)
  scrollTo(0, 0)
  dispatchEvent(new Event(CHANGED))
}

/** Follows a link of ours without loading the page anew; everything else is left to the browser. */
export function followLinks(event: MouseEvent): void {
  const link = event.target instanceof Element ? event.target.closest('a') : null
  const isPlain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey
  if (link === null || !isPlain || link.target !== '' || link.origin !== location.origin) return
  if (!link.pathname.startsWith(`${base}/`) || link.hash !== '') return
  event.preventDefault()
  navigate(link.pathname + link.search)
}

export function useAddress(): Address {
  const [address, setAddress] = useState(currentAddress)
  useEffect(() => {
    const changed = () => setAddress(currentAddress())
    addEventListener('popstate', changed)
    addEventListener(CHANGED, changed)
    return () => {
      removeEventListener('popstate', changed)
      removeEventListener(CHANGED, changed)
    }
  }, [])
  return address
}
