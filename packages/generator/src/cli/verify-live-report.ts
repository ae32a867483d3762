import type { AuditTableObject } from '../state/database-state.ts'
import { tableName } from './chosen-tables.ts'
import type { ComparedTable, MissedWrite } from './compare-live.ts'
import { counted } from './seal-report.ts'

/** What became of each table. */
export interface LiveVerification {
  readonly tables: readonly {
    readonly table: AuditTableObject
    readonly reached: ComparedTable | undefined
    /** Why it is not compared at all. */
    readonly note?: string
    /** Why it could not be compared to its end. */
    readonly problem?: string
  }[]
  readonly isComplete: boolean
  /** Where the run has left how far it came. */
  readonly place: string | undefined
}

/** So many findings of a table are printed; JSON has more. */
const PRINTED = 20

/**
 * For people.
 *
 *     audit: public.Order: 1,200 rows compared with 3,400 of history
 *     audit: public.Order: id 42: total, status changed past the triggers, between 2026-03-04 10:15:00+00 (audit_id 17) and 2026-03-05 08:00:00+00
 *     audit: THE HISTORY IS NOT COMPLETE: 1 write is missed
 */
export function renderLive({ tables, isComplete, place }: LiveVerification): string {
  const lines = tables.flatMap(({ table, reached, note, problem }) => {
    const name = tableName(table)
    if (note !== undefined) return [`${name}: not compared: ${note}`]
    const said = reached === undefined ? [] : tableLines(table, reached)
    return problem === undefined ? said : [...said, `${name}: could not be compared: ${problem}`]
  })
  const missed = tables.reduce((sum, { reached }) => sum + (reached?.missed ?? 0), 0)
  if (!isComplete) lines.push(`It was ended before all was compared. ${goOn(place)}`)
  lines.push(
    missed > 0
      ? `THE HISTORY IS NOT COMPLETE: ${counted(missed, 'write')} missed`
      : isComplete
        ? 'no write is missed'
        : 'so far no write is missed',
  )
  return lines.map((line) => `audit: ${line}`).join('\n')
}

function goOn(place: string | undefined): string {
  return place === undefined
    ? 'With --place <file> the next run goes on where one ended.'
    : `Run it again with --place ${place} to go on.`
}

function tableLines(table: AuditTableObject, reached: ComparedTable): readonly string[] {
  const name = tableName(table)
  const untold =
    reached.untold === 0
      ? ''
      : `; of ${counted(reached.untold, 'row')} nothing is told: the history is younger, or rested`
  const first = reached.findings.slice(0, PRINTED)
  const rest = reached.missed - first.length
  return [
    `${name}: ${counted(reached.rows, 'row')} compared with ${counted(reached.historyRows, 'row')} of history${untold}`,
    ...first.map((finding) => `${name}: ${says(table, finding)}`),
    ...(rest > 0 ? [`${name}: and ${counted(rest, 'other')}`] : []),
  ]
}

function says(table: AuditTableObject, { kind, key, columns, id, at, before }: MissedWrite): string {
  const which = table.key.map((name, index) => `${name} ${key[index] ?? ''}`).join(', ')
  const when = at === null ? `before ${before}` : `between ${at} (audit_id ${id ?? ''}) and ${before}`
  return `${which}: ${WHAT[kind](columns)} past the triggers, ${when}`
}

const WHAT: Readonly<Record<MissedWrite['kind'], (columns: readonly string[]) => string>> = {
  'insert-missed': () => 'inserted',
  'update-missed': (columns) => `${columns.join(', ')} changed`,
  'delete-missed': () => 'deleted',
}

/** The same for programs; its shape is documented in docs/completeness.md, and stays. */
export function renderLiveJson({ tables, isComplete }: LiveVerification): string {
  const isWhole = tables.every(({ reached, problem }) => problem === undefined && !reached?.missed)
  return JSON.stringify(
    {
      version: 1,
      complete: isComplete,
      intact: isWhole,
      tables: tables.map(({ table, reached, note, problem }) => ({
        table: tableName(table),
        ...(reached && {
          rows: reached.rows,
          historyRows: reached.historyRows,
          untold: reached.untold,
          missed: reached.missed,
          findings: reached.findings.map(({ kind, key, columns, id, at, before }) => ({
            kind,
            key: Object.fromEntries(table.key.map((name, index) => [name, key[index]])),
            columns,
            after: at === null ? null : { auditId: id, at },
            before,
          })),
        }),
        ...(note === undefined ? {} : { note }),
        ...(problem === undefined ? {} : { problem }),
      })),
    },
    null,
    2,
  )
}
