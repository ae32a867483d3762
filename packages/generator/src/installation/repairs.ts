import { nameKey } from '../model/names.ts'
import { APPEND_ONLY_TRIGGER } from '../sql/object-names.ts'
import type { Repairs, TableRepair } from '../sql/render-installation.ts'
import type { DatabaseState } from '../state/database-state.ts'
import { formatType } from '../state/format-type.ts'
import type { Finding, InstallationStatus } from './installation-status.ts'
import type { LiveDatabase } from './live-database.ts'

/** What mends the findings of a status. What belongs to nothing is left: nobody knows what it is for. */
export function repairsOf(state: DatabaseState, live: LiveDatabase, status: InstallationStatus): Repairs {
  const broken = status.histories.filter(({ findings }) => findings.some(needsText))
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
        triggers: new Set(findings.flatMap(({ trigger }) => trigger ?? [])),
        isGuardUnfit: findings.some(({ trigger }) => trigger === APPEND_ONLY_TRIGGER),
      },
    ]
  })
  const all = [...status.findings, ...status.histories.flatMap(({ findings }) => findings)]
  const statements = [...new Set(all.flatMap(({ statement }) => statement ?? []))]
  const isBaseUnfit = status.findings.some((finding) => finding.isOfBase === true && needsText(finding))
  return { isBaseUnfit, tables, statements }
}

/** No statement of its own mends it: what the migrations made has to be made again. */
function needsText({ statement, isForPeople }: Finding): boolean {
  return statement === undefined && isForPeople !== true
}
