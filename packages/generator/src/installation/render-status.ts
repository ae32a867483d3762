import { COUNTED } from '../sql/live-partitions.ts'
import type { Finding, HistoryStatus, InstallationStatus, PartitionsStatus } from './installation-status.ts'
import { renderBytes } from './render-bytes.ts'
import { replicationNotes } from './render-replication.ts'

/**
 * For people: what is wrong first, then each history with its size, then what is worth knowing.
 *
 *     audit: 2 of 3 histories are installed in database shop, schema "audit"
 *
 *     disabled   public.Order
 *                trigger "audit_insert" on "public"."Order" is disabled
 *                  ALTER TABLE "public"."Order" ENABLE TRIGGER "audit_insert";
 *     installed  public.Customer  about 1,200 rows, 312 kB, since 2026-01-05, about 40 a day
 */
export function renderStatus(status: InstallationStatus): string {
  const { histories, findings, database, schema } = status
  const installed = histories.filter(({ state }) => state === 'installed').length
  const count = histories.length === 1 ? '1 history is' : `${histories.length} histories are`
  const all = installed === histories.length ? count : `${installed} of ${count}`
  const first = `audit: ${all} installed in database ${database}, schema "${schema}"`
  const worst = histories.toSorted(
    (a, b) => Number(a.state === 'installed') - Number(b.state === 'installed'),
  )
  return [
    first,
    '',
    ...findings.flatMap((finding) => row(finding.state, describe(finding))),
    ...worst.flatMap(renderHistory),
    ...notes(status).flatMap((note) => ['', note]),
  ].join('\n')
}

function renderHistory(history: HistoryStatus): string[] {
  const { state, source, findings, size, lacking, retiredColumns, partitions } = history
  const name = `${source.schema}.${source.name}`
  const more = [
    ...Object.entries(lacking)
      .filter(([, rows]) => rows > 0)
      .map(([setting, rows]) => `${number(rows)} of the newest rows were recorded without audit.${setting}`),
    ...(retiredColumns.length === 0
      ? []
      : [
          `written no more: ${retiredColumns.map(({ name: column, bytes: b }) => `${column}${b === null ? '' : ` (${renderBytes(b)})`}`).join(', ')}`,
        ]),
    ...(partitions === undefined ? [] : [renderPartitions(partitions)]),
  ]
  const facts = size === undefined ? '' : `  ${renderSize(size)}`
  return row(state, `${name}${facts}`, ...findings.map(describe), ...more)
}

/** `14 partitions, until 2027-02-01; 3 rows are in that for all other times` */
function renderPartitions({ count, until, rowsInDefault }: PartitionsStatus): string {
  const many = rowsInDefault === COUNTED ? `${number(COUNTED)} or more` : number(rowsInDefault ?? 0)
  const loose = rowsInDefault === 1 ? '1 row is' : `${many} rows are`
  return [
    `${number(count)} partitions${until === null ? '' : `, until ${until.toISOString().slice(0, 10)}`}`,
    ...(rowsInDefault === null || rowsInDefault === 0 ? [] : [`${loose} in that for all other times`]),
  ].join('; ')
}

function row(state: string, ...texts: readonly string[]): string[] {
  const [first = '', ...more] = texts.flatMap((text) => text.split('\n'))
  return [`${state.padEnd(10)} ${first}`, ...more.map((line) => `${' '.repeat(11)}${line}`)]
}

function describe({ object, message, hint }: Finding): string {
  return `${object} ${message}\n  ${hint.replaceAll('\n', '\n  ')}`
}

function renderSize({ bytes: size, rows, oldest, rowsPerDay }: NonNullable<HistoryStatus['size']>): string {
  return [
    `about ${number(rows)} rows`,
    renderBytes(size),
    ...(oldest === null ? [] : [`since ${oldest.toISOString().slice(0, 10)}`]),
    ...(rowsPerDay === undefined ? [] : [`about ${number(rowsPerDay)} a day`]),
  ].join(', ')
}

function notes(status: InstallationStatus): readonly string[] {
  const { role, ownsHistory, ownsTables, unaudited, retired, staleSchemas, settingsBroughtAlong, rules } =
    status
  const sized = (each: readonly { readonly name: string; readonly bytes: number }[]) =>
    each.map(({ name, bytes: size }) => `${name} (${renderBytes(size)})`).join(', ')
  return [
    ...(ownsHistory ? [`not tamper-resistant: ${role} owns the history`] : []),
    ...(ownsHistory || ownsTables.length === 0
      ? []
      : [
          `${role} owns ${ownsTables.join(', ')}: it can turn ${ownsTables.length === 1 ? 'its' : 'their'} triggers off`,
        ]),
    ...settingsBroughtAlong.map(
      (setting) => `writes without a context of their own carry what is set for ${setting}`,
    ),
    ...(rules.length === 0
      ? []
      : [`rules on audited tables, by which writes may go elsewhere: ${rules.join(', ')}`]),
    ...(unaudited.models.length === 0 ? [] : [`models that are not audited: ${unaudited.models.join(', ')}`]),
    ...(unaudited.fields.length === 0 ? [] : [`fields that are left out: ${unaudited.fields.join(', ')}`]),
    ...(retired.length === 0 ? [] : [`histories that are written no more: ${sized(retired)}`]),
    ...(staleSchemas.length === 0 ? [] : [`audit schemas of former databases: ${sized(staleSchemas)}`]),
    ...replicationNotes(status.replication, renderBytes),
  ]
}

function number(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}
