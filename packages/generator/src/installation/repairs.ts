import { nameKey } from '../model/names.ts'
import { APPEND_ONLY_TRIGGER } from '../sql/object-names.ts'
import type { TableRepair } from '../sql/render-installation.ts'
import type { DatabaseState } from '../state/database-state.ts'
import { formatType } from '../state/format-type.ts'
import type { Finding, InstallationStatus } from './installation-status.ts'
import type { LiveDatabase } from './live-database.ts'

export interface Repairs {
  readonly tables: readonly TableRepair[]
  /** What findings name as their remedy, where that is a statement. */
  readonly statements: readonly string[]
  readonly isNeeded: boolean
}

/** What mends the findings of a status. What belongs to nothing is left: nobody knows what it is for. */
export function repairsOf(state: DatabaseState, live: LiveDatabase, status: InstallationStatus): Repairs {
  const broken = status.histories.filter(({ findings }) => findings.length > 0)
  const tables = broken.flatMap(({ source, findings }): TableRepair[] => {
    const table = state.tables.find((each) => nameKey(each.source) === nameKey(source))
    if (table === undefined || !live.sources.some((each) => nameKey(each) === nameKey(source))) return []
    const present = live.histories.find(({ name }) => name === table.names.table)?.columns ?? []
    const types = new Map(present.map(({ name, type }) => [name, type]))
    const wanted = [
      ...table.settings.map(({ column: name, type, retired }) => ({ name, type, retired })),
      ...table.columns,
    ]
    return [
      {
        table,
        present: present.map(({ name }) => name),
        unfit: wanted
          .filter(({ retired }) => !retired)
          .filter(({ name, type }) => types.has(name) && types.get(name) !== formatType(type))
          .map(({ name }) => name),
        triggers: new Set(findings.flatMap(triggerOf)),
        isGuardUnfit: findings.some((finding) => triggerOf(finding).includes(APPEND_ONLY_TRIGGER)),
      },
    ]
  })
  const all = [...status.findings, ...broken.flatMap(({ findings }) => findings)].filter(
    ({ state: word }) => word !== 'orphaned',
  )
  const statements = [
    ...new Set(all.map(({ hint }) => hint).filter((hint) => hint.endsWith(';') && !hint.includes('…'))),
  ]
  const isOfBase = status.findings.some(
    ({ state: word, object }) => word !== 'orphaned' && object.startsWith('function '),
  )
  return { tables, statements, isNeeded: tables.length > 0 || statements.length > 0 || isOfBase }
}

/** The name of the trigger that a finding is about, unless it is missing: that one is made like any other. */
function triggerOf({ object, state }: Finding): readonly string[] {
  const name = /^trigger "((?:[^"]|"")*)" on "/.exec(object)?.[1]
  return name === undefined || state === 'missing' ? [] : [name]
}
