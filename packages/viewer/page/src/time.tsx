import { createContext } from 'preact'
import { useContext } from 'preact/hooks'

export type Zone = 'UTC' | 'local'

export const ZoneContext = createContext<Zone>('UTC')

export function zoneName(zone: Zone): string {
  return zone === 'UTC' ? 'UTC' : Intl.DateTimeFormat().resolvedOptions().timeZone
}

const two = (number: number) => String(number).padStart(2, '0')

/** `2026-03-04 10:15:00.123`, in the zone. */
export function formatTime(iso: string, zone: Zone, digits = 3): string {
  const date = new Date(iso)
  if (Number.isNaN(date.getTime())) return iso
  const [, fraction = ''] = /\.(\d+)/.exec(iso) ?? []
  const shifted = zone === 'UTC' ? date : new Date(date.getTime() - date.getTimezoneOffset() * 60_000)
  const text = shifted.toISOString().slice(0, 19).replace('T', ' ')
  return digits === 0 ? text : `${text}.${fraction.padEnd(digits, '0').slice(0, digits)}`
}

export function offsetOf(iso: string, zone: Zone): string {
  if (zone === 'UTC') return 'UTC'
  const minutes = -new Date(iso).getTimezoneOffset()
  const size = Math.abs(minutes)
  return `UTC${minutes < 0 ? '−' : '+'}${two(Math.floor(size / 60))}:${two(size % 60)}`
}

export function Time({ iso }: { readonly iso: string }) {
  const zone = useContext(ZoneContext)
  return (
    <time dateTime={iso} title={`${formatTime(iso, zone, 6)} ${offsetOf(iso, zone)}`}>
      {formatTime(iso, zone)}
    </time>
  )
}

/** For `<input type="datetime-local">`. */
export function toInput(iso: string | null, zone: Zone): string {
  if (iso === null || iso === '') return ''
  return formatTime(iso, zone).replace(' ', 'T')
}

/** Of `<input type="datetime-local">`, as ISO 8601 in UTC; '' for none. */
export function fromInput(text: string, zone: Zone): string {
  if (text === '') return ''
  const date = new Date(zone === 'UTC' ? `${text}Z` : text)
  return Number.isNaN(date.getTime()) ? '' : date.toISOString()
}
