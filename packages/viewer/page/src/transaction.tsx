import { useContext } from 'preact/hooks'
import type { TransactionAnswer } from '../../src/answers.ts'
import { EntryLine } from './entry.tsx'
import { TablesContext } from './facts.tsx'
import { Further } from './further.tsx'
import { Problem } from './problem.tsx'
import { plural, Text } from './text.tsx'
import { Time, ZoneContext, zoneName } from './time.tsx'
import { usePages } from './use-pages.ts'

/** All that one transaction changed, over all tables, in the order of writing. */
export function Transaction({ query }: { readonly query: URLSearchParams }) {
  const tx = query.get('tx') ?? ''
  const [id = '', startedAt = ''] = tx.split('@')
  const { tables } = useContext(TablesContext)
  const zone = useContext(ZoneContext)
  const asked = new URLSearchParams({ tx }).toString()
  const { pages, last, error, isLoading, goOn } = usePages<TransactionAnswer>('transaction', asked)
  const entries = pages.flatMap((page) => page.entries)
  const first = entries[0]
  const changed = new Set(entries.map(({ table }) => table))
  if (error !== undefined) return <Problem message={error} />
  return (
    <>
      <p class="subject">
        Transaction {id}, begun <Time iso={startedAt} /> {zoneName(zone)}
      </p>
      {first !== undefined && (
        <dl class="said">
          {Object.entries(first.settings).map(([name, value]) => (
            <div key={name}>
              <dt>
                <Text>{name}</Text>
              </dt>
              <dd>{value === null ? <span class="null">nothing</span> : <Text>{value}</Text>}</dd>
            </div>
          ))}
          <div>
            <dt>database user</dt>
            <dd>
              <Text>{first.databaseUser}</Text>
            </dd>
          </div>
          <div>
            <dt>tables</dt>
            <dd>
              <Text>
                {tables
                  .filter((table) => changed.has(table.id))
                  .map(({ label }) => label)
                  .join(', ')}
              </Text>
            </dd>
          </div>
        </dl>
      )}
      <p class="status" role="status">
        {isLoading && pages.length === 0 ? 'Loading…' : ''}
        {!isLoading && entries.length === 0 ? 'Nothing of this transaction was found.' : ''}
        {entries.length > 0 ? `${plural(entries.length, 'change')}, in the order of writing.` : ''}
      </p>
      <ol class="entries" aria-label="Changes of the transaction" aria-busy={isLoading}>
        {entries.map((entry) => (
          <EntryLine key={`${entry.table} ${entry.auditId}`} entry={entry} isInTransaction />
        ))}
      </ol>
      {last !== undefined && <Further {...{ last, isLoading, goOn }} what="More of its changes" />}
    </>
  )
}
