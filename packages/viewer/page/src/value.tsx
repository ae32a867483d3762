import { useState } from 'preact/hooks'
import type { ColumnAnswer, Value } from '../../src/answers.ts'
import { ask } from './ask.ts'
import { type Piece, prettyJson } from './differ.ts'
import { numberText, Text } from './text.tsx'

const REDACTED = /^\[redacted(, changed)?\]$/

/** One value in full, or as much of it as was sent, with the rest on request. */
export function FullValue(props: {
  readonly value: Value | null | undefined
  readonly column: ColumnAnswer
  readonly pieces?: readonly Piece[] | undefined
  readonly side: 'before' | 'after'
  /** Where the rest is to be had. */
  readonly place: { readonly table: string; readonly auditId: string } | undefined
}) {
  const { value, column, pieces, side, place } = props
  const [whole, setWhole] = useState<string>()
  if (value === undefined) return <span class="null">–</span>
  if (value === null) return <span class="null">NULL</span>
  if (value.text === '') return <span class="null">empty</span>
  const redacted = column.recorded === 'redacted' || column.isRetired ? REDACTED.exec(value.text) : null
  if (redacted !== null) {
    return (
      <span class="redacted">
        {redacted[1] === undefined ? 'redacted' : 'redacted, another value than before'}
      </span>
    )
  }
  if (column.recorded === 'hashed') {
    return (
      <span class="hashed" title="a keyed hash in place of the value">
        <span class="role">hash</span> <Text>{value.text}</Text>
      </span>
    )
  }
  if (pieces !== undefined && whole === undefined) return <Pieces pieces={pieces} side={side} />
  const text = whole ?? value.text
  const isCut = whole === undefined && value.length > value.text.length
  const shown = !isCut && /^jsonb?$/.test(column.type) ? prettyJson(text) : text
  return (
    <>
      <span class="value">
        <Text>{shown}</Text>
        {isCut ? '…' : ''}
      </span>
      {isCut && place !== undefined && (
        <button
          type="button"
          onClick={async () => {
            const query = new URLSearchParams({ table: place.table, id: place.auditId, column: column.name })
            const answer = await ask<{ value: Value | null }>('value', query)
            setWhole(answer.value?.text ?? '')
          }}
        >
          Show all {numberText(value.length)} characters
        </button>
      )}
    </>
  )
}

/** Lines that are the same on both sides are left out in the middle of a long stretch. */
const CONTEXT = 3

function Pieces({ pieces, side }: { readonly pieces: readonly Piece[]; readonly side: 'before' | 'after' }) {
  return (
    <span class="value">
      {pieces.map((piece, index) => {
        if (piece.kind === 'same') {
          return (
            <Same key={index} text={piece.text} isFirst={index === 0} isLast={index === pieces.length - 1} />
          )
        }
        if (piece.kind !== side) return null
        const Mark = side === 'before' ? 'del' : 'ins'
        return (
          <Mark key={index}>
            <Text>{piece.text}</Text>
          </Mark>
        )
      })}
    </span>
  )
}

function Same(props: { readonly text: string; readonly isFirst: boolean; readonly isLast: boolean }) {
  const lines = props.text.split('\n')
  const [head, tail] = [props.isFirst ? 0 : CONTEXT, props.isLast ? 0 : CONTEXT + 1]
  const left = lines.length - head - tail
  if (left < 4) return <Text>{props.text}</Text>
  return (
    <>
      <Text>{lines.slice(0, head).join('\n')}</Text>
      <span class="left-out">
        {'\n'}… {numberText(left)} lines unchanged …{'\n'}
      </span>
      <Text>{lines.slice(lines.length - tail).join('\n')}</Text>
    </>
  )
}
