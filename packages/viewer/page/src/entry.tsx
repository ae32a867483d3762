import { useContext } from 'preact/hooks'
import type { Change, ColumnAnswer, Entry, Value } from '../../src/answers.ts'
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
        {shown.length === 0 && <span class="more">{nothingText(entry)}</span>}
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

type Recorded = ColumnAnswer['recorded'] | undefined

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

const CHARACTERS = 48
const HASH_CHARACTERS = 10
const REDACTED = /^\[redacted(, changed)?\]$/

function Short({ value, recorded }: { readonly value: Value | null; readonly recorded: Recorded }) {
  if (value === null) return <span class="null">NULL</span>
  if (value.text === '') return <span class="null">empty</span>
  const redacted = recorded === 'redacted' ? REDACTED.exec(value.text) : null
  if (redacted !== null) {
    return <span class="redacted">{redacted[1] === undefined ? 'redacted' : 'redacted, changed'}</span>
  }
  const characters = recorded === 'hashed' ? HASH_CHARACTERS : CHARACTERS
  return (
    <>
      {recorded === 'hashed' ? <span class="role">hash </span> : ''}
      <Text>{value.text.slice(0, characters).replace(/\s+/g, ' ')}</Text>
      {value.length > characters ? '…' : ''}
    </>
  )
}
