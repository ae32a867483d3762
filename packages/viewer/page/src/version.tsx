import type { Entry, TableAnswer } from '../../src/answers.ts'
import { Operation, operationName, transactionHref } from './facts.tsx'
import { Fields } from './fields.tsx'
import { plural, Text } from './text.tsx'
import { Time } from './time.tsx'

/** One version of a row: who wrote it, and each field before and after. */
export function Version({ entry, table }: { readonly entry: Entry; readonly table: TableAnswer }) {
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
