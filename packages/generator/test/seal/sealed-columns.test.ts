import { expect, test } from 'vitest'
import type { SealedColumn } from '../../src/model/seal.ts'
import { columnMappings } from '../../src/seal/sealed-columns.ts'

const columns = (names: Readonly<Record<number, string>>): readonly SealedColumn[] =>
  Object.entries(names).map(([number, name]) => ({ number: Number(number), name, type: 'text' }))
const sealed = columns({ 7: 'id', 8: 'total' })

test('nothing has changed: one mapping', () => {
  const epoch = { oid: '1', columns: sealed }
  expect(columnMappings(sealed, [epoch], epoch)).toEqual([['id', 'total']])
})

test('a column that got another name is found by its number, also where its old name is taken', () => {
  const today = { oid: '1', columns: columns({ 7: 'id', 8: 'total__2', 9: 'total' }) }
  expect(columnMappings(sealed, [{ oid: '1', columns: sealed }], today)).toEqual([
    ['id', 'total__2'],
    ['id', 'total'],
  ])
})

test('in a restored table, where numbers are others, it is found by its name', () => {
  const today = { oid: '2', columns: columns({ 1: 'id', 2: 'total', 3: 'note' }) }
  expect(columnMappings(sealed, [{ oid: '1', columns: sealed }], today)).toEqual([['id', 'total']])
})

test('renamed, sealed again, restored, renamed once more: the seals between tell', () => {
  const epochs = [
    { oid: '1', columns: sealed },
    { oid: '1', columns: columns({ 7: 'id', 8: 'amount' }) },
    { oid: '2', columns: columns({ 1: 'id', 2: 'amount' }) },
  ]
  const today = { oid: '2', columns: columns({ 1: 'id', 2: 'sum' }) }
  expect(columnMappings(sealed, epochs, today)).toEqual([['id', 'sum']])
})

test('a column that is gone leaves no mapping', () => {
  expect(
    columnMappings(sealed, [{ oid: '1', columns: sealed }], { oid: '1', columns: columns({ 7: 'id' }) }),
  ).toEqual([])
})
