import { useContext } from 'preact/hooks'
import type { Change, Entry } from '../../src/answers.ts'
import { hrefOf } from './address.ts'
import {
  Operation,
  operationName,
  recordHref,
  recordName,
  TablesContext,
  transactionHref,
  useTable,
} from './facts.tsx'
import { type Recorded, Short } from './short.tsx'
import { Text } from './text.tsx'
import { Time } from './time.tsx'

const SHOWN = 4

/** One change in a list: when, what, to which row, who says so, and the fields. */
export function EntryLine({
  entry,
  isInTransaction,
}: {
  readonly entry: Entry
  readonly isInTransaction?: boolean
}) {
  const table = useTable(entry.table)
  const href = recordHref(entry)
  const name = recordName(table, entry)
  // The key stands in the name of the record.
  const changes = entry.changes.filter(
    ({ column }) => entry.operation === 'U' || !table?.key.includes(column),
  )
  const shown = changes.slice(0, SHOWN)
  const rest = changes.length - shown.length
  return (
    <li data-entry class="entry" aria-label={`${operationName(entry.operation)} of ${name}`}>
      <p class="when">
        <Time iso={entry.at} />
      </p>
      <p class="what">
        <Operation entry={entry} />{' '}
        {href === undefined ? (
          <Text>{name}</Text>
        ) : (
          <a href={href}>
            <Text>{name}</Text>
          </a>
        )}
      </p>
      <p class="by">
        <Actor entry={entry} />
      </p>
      <p class="fields">
        {shown.map((change) => (
          <ShortChange
            key={change.column}
            change={change}
            operation={entry.operation}
            recorded={table?.columns.find(({ name: each }) => each === change.column)?.recorded}
          />
        ))}
        {rest > 0 && <span class="more">and {rest} more</span>}
        {entry.changes.length === 0 && <span class="more">{nothingText(entry)}</span>}
      </p>
      {isInTransaction !== true && (
        <p class="tx">
          <a href={transactionHref(entry)} title="everything that this transaction changed">
            tx {entry.transaction.id}
          </a>
        </p>
      )}
    </li>
  )
}

function nothingText({ operation, previousId }: Entry): string {
  if (operation !== 'U') return 'no values'
  return previousId === null ? 'the history holds no version before it' : 'no recorded field changed'
}

/** Who the application said it was; where it said nothing, who the database knows. */
export function Actor({ entry }: { readonly entry: Entry }) {
  const { actor } = useContext(TablesContext)
  const said = actor === null ? null : entry.settings[actor]
  if (said != null && actor !== null) {
    return (
      <a href={hrefOf('activity', { [`by.${actor}`]: said })} title={`${actor}, said by the application`}>
        <Text>{said}</Text>
      </a>
    )
  }
  return (
    <a
      href={hrefOf('activity', { user: entry.databaseUser })}
      title="the database's user: the application named nobody"
    >
      <span class="role">db:</span> <Text>{entry.databaseUser}</Text>
    </a>
  )
}

function ShortChange(props: {
  readonly change: Change
  readonly operation: string
  readonly recorded: Recorded
}) {
  const { change, operation, recorded } = props
  const { column, before, after } = change
  const isUpdate = operation === 'U' && before !== undefined && recorded !== 'redacted'
  return (
    <span class="change">
      <span class="field">
        <Text>{column}</Text>
      </span>{' '}
      {isUpdate && (
        <>
          <del>
            <Short value={before} recorded={recorded} />
          </del>
          {' → '}
        </>
      )}
      {operation === 'D' ? (
        <del>
          <Short value={before ?? null} recorded={recorded} />
        </del>
      ) : (
        <Short value={after ?? null} recorded={recorded} />
      )}
    </span>
  )
}
