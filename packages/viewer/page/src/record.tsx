import { useContext, useMemo } from 'preact/hooks'
import type { Change, ColumnAnswer, Entry, RecordAnswer, TableAnswer } from '../../src/answers.ts'
import { hrefOf } from './address.ts'
import { differ } from './differ.ts'
import { Operation, operationName, recordName, transactionHref, useTable } from './facts.tsx'
import { Further } from './further.tsx'
import { Problem } from './problem.tsx'
import { plural, Text } from './text.tsx'
import { Time, ZoneContext, zoneName } from './time.tsx'
import { usePages } from './use-pages.ts'
import { FullValue } from './value.tsx'

export function RecordPage({ query }: { readonly query: URLSearchParams }) {
  const id = query.get('table') ?? ''
  const table = useTable(id)
  const zone = useContext(ZoneContext)
  const asked = new URLSearchParams({ table: id, key: query.get('key') ?? '' })
  const { pages, last, error, isLoading, goOn } = usePages<RecordAnswer>('record', asked.toString())
  const key = parsedKey(query.get('key'))
  const entries = pages.flatMap((page) => page.entries)
  if (error !== undefined) return <Problem message={error} />
  return (
    <>
      <p class="subject">
        <Text>{recordName(table, { table: id, key })}</Text>
      </p>
      <div class="bar">
        <p>Newest first, times in {zoneName(zone)}.</p>
        <a href={hrefOf('as-of', { table: id, key: query.get('key') })}>As of a moment</a>
        <a href={hrefOf('activity', { table: id })}>All of this table</a>
      </div>
      <p class="status" role="status">
        {isLoading && pages.length === 0 ? 'Loading…' : ''}
        {!isLoading && entries.length === 0 ? 'The history has nothing of this row.' : ''}
      </p>
      <ol class="versions" aria-label="Versions, newest first" aria-busy={isLoading}>
        {table !== undefined &&
          entries.map((entry) => (
            <li key={entry.auditId}>
              <Version entry={entry} table={table} />
            </li>
          ))}
      </ol>
      {last !== undefined && entries.length > 0 && (
        <Further last={{ ...last, searchedUntil: null }} {...{ isLoading, goOn }} what="Older versions" />
      )}
    </>
  )
}

function parsedKey(text: string | null): readonly (string | null)[] {
  try {
    const key: unknown = JSON.parse(text ?? '[]')
    return Array.isArray(key) ? key.map(String) : []
  } catch {
    return []
  }
}

function Version({ entry, table }: { readonly entry: Entry; readonly table: TableAnswer }) {
  const changed = entry.changes.filter(({ isChanged }) => isChanged)
  const rest = entry.changes.filter(({ isChanged }) => !isChanged)
  return (
    <article
      class="version"
      data-entry
      aria-label={`${operationName(entry.operation)}, version ${entry.auditId}`}
    >
      <header>
        <h2>
          <Operation entry={entry} /> <Time iso={entry.at} />
        </h2>
        <a href={transactionHref(entry)}>transaction {entry.transaction.id}</a>{' '}
        <span class="role">version {entry.auditId}</span>
      </header>
      <Who entry={entry} />
      {entry.operation === 'U' && entry.previousId === null && (
        <p class="note">
          The history holds no version before this one: the row is older than its audit, or had another key.
        </p>
      )}
      {changed.length > 0 ? (
        <Fields entry={entry} table={table} changes={changed} />
      ) : (
        <p class="more">
          {entry.operation === 'U' ? 'No recorded field is known to have changed.' : 'No values.'}
        </p>
      )}
      {rest.length > 0 && (
        <details>
          <summary>
            {entry.operation === 'U'
              ? plural(rest.length, 'other field')
              : plural(rest.length, 'field that is NULL', 'fields that are NULL')}
          </summary>
          <Fields entry={entry} table={table} changes={rest} />
        </details>
      )}
    </article>
  )
}

/** What the application asserted, and what the database knows by itself, told apart. */
function Who({ entry }: { readonly entry: Entry }) {
  const { application_name: applicationName, ...known } = entry.facts
  const said = [
    ...Object.entries(entry.settings),
    ...(applicationName === undefined ? [] : [['application_name', applicationName] as const]),
  ]
  return (
    <div class="who-says">
      <div class="asserted">
        <h3>Said by the application</h3>
        {said.length === 0 ? <p class="more">nothing</p> : <Said facts={said} />}
      </div>
      <div class="authenticated">
        <h3>Known to the database</h3>
        <Said facts={[['user', entry.databaseUser], ...Object.entries(known)]} />
      </div>
    </div>
  )
}

function Said({ facts }: { readonly facts: readonly (readonly [string, string | null])[] }) {
  return (
    <dl class="said">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>
            <Text>{name}</Text>
          </dt>
          <dd>{value === null ? <span class="null">nothing</span> : <Text>{value}</Text>}</dd>
        </div>
      ))}
    </dl>
  )
}

function Fields(props: {
  readonly entry: Entry
  readonly table: TableAnswer
  readonly changes: readonly Change[]
}) {
  const { entry, table, changes } = props
  const hasBoth = entry.operation === 'U'
  return (
    <table class="fields-table">
      <thead>
        <tr>
          <th scope="col">Field</th>
          {(hasBoth || entry.operation === 'D') && <th scope="col">Before</th>}
          {(hasBoth || entry.operation !== 'D') && <th scope="col">After</th>}
        </tr>
      </thead>
      <tbody>
        {changes.map((change) => {
          const column = table.columns.find(({ name }) => name === change.column)
          return column === undefined ? null : (
            <Field key={change.column} {...{ entry, change, column, hasBoth }} />
          )
        })}
      </tbody>
    </table>
  )
}

function Field(props: {
  readonly entry: Entry
  readonly change: Change
  readonly column: ColumnAnswer
  readonly hasBoth: boolean
}) {
  const { entry, change, column, hasBoth } = props
  const { before, after, isChanged } = change
  const pieces = useMemo(
    () =>
      isChanged && before != null && after != null && column.recorded === 'plain'
        ? differ(before.text, after.text, column.type)
        : undefined,
    [before, after, isChanged, column],
  )
  const old = entry.operation === 'D' ? entry.auditId : entry.previousId
  const at = (auditId: string | null) => (auditId === null ? undefined : { table: entry.table, auditId })
  return (
    <tr class={isChanged ? 'changed' : ''}>
      <th scope="row">
        <Text>{column.name}</Text>
        <span class="role">
          {' '}
          {column.type}
          {column.isRetired ? ', retired' : ''}
        </span>
      </th>
      {(hasBoth || entry.operation === 'D') && (
        <td class="before" data-label="Before">
          <FullValue value={before} side="before" {...{ column, pieces, place: at(old) }} />
        </td>
      )}
      {(hasBoth || entry.operation !== 'D') && (
        <td class="after" data-label="After">
          <FullValue value={after} side="after" {...{ column, pieces, place: at(entry.auditId) }} />
        </td>
      )}
    </tr>
  )
}
