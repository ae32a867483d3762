import type { ColumnAnswer, Value } from '../../src/answers.ts'
import { Text } from './text.tsx'

export type Recorded = ColumnAnswer['recorded'] | undefined

const CHARACTERS = 48
const HASH_CHARACTERS = 10
const REDACTED = /^\[redacted(, changed)?\]$/

/** The beginning of a value, on one line. */
export function Short(props: {
  readonly value: Value | null
  readonly recorded: Recorded
  /** How much of it is shown; a list's 48 unless told. */
  readonly characters?: number
}) {
  const { value, recorded } = props
  if (value === null) return <span class="null">NULL</span>
  if (value.text === '') return <span class="null">empty</span>
  const redacted = recorded === 'redacted' ? REDACTED.exec(value.text) : null
  if (redacted !== null) {
    return <span class="redacted">{redacted[1] === undefined ? 'redacted' : 'redacted, changed'}</span>
  }
  const characters = recorded === 'hashed' ? HASH_CHARACTERS : (props.characters ?? CHARACTERS)
  return (
    <>
      {recorded === 'hashed' ? <span class="role">hash </span> : ''}
      <Text>{value.text.slice(0, characters).replace(/\s+/g, ' ')}</Text>
      {value.length > characters ? '…' : ''}
    </>
  )
}
