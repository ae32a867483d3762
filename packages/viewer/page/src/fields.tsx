import { useMemo } from 'preact/hooks'
import type { Change, ColumnAnswer, Entry, TableAnswer } from '../../src/answers.ts'
import { differ } from './differ.ts'
import { Text } from './text.tsx'
import { FullValue } from './value.tsx'

/** Fields side by side, before and after. */
export function Fields(props: {
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
