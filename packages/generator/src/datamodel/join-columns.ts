import type { AuditedColumn } from '../model/audit-model.ts'
import { byteLength, MAX_IDENTIFIER_BYTES } from '../model/names.ts'
import { OWN_COLUMNS } from './audit-columns.ts'
import { textForm, visibleColumn } from './column-of-field.ts'
import type { ColumnField } from './hidden-fields.ts'
import { JOIN_COLUMNS, type JoinRelation, type RelationEnd } from './join-relations.ts'

/**
 * The two columns of a join table's history, by names that can be read: `blog_post_id` and `tag_name` for `A` and `B`. In the
 * table of a relation of a model with itself the field that lists the rows gives the name: `following_id`, `followed_by_id`.
 */
export function joinColumns({ ends }: JoinRelation): readonly AuditedColumn[] {
  const names = readableNames(ends)
  return ends.flatMap((end, index): readonly AuditedColumn[] => {
    const [sourceName = '', name = sourceName] = [JOIN_COLUMNS[index], names[index]]
    const id = idOf(end)
    const column = (id && visibleColumn(id, 'record')) ?? textForm(HIDDEN, 'record')
    return [{ ...column, field: end.field, name, ...(name === sourceName ? {} : { sourceName }) }]
  })
}

function readableNames(ends: JoinRelation['ends']): readonly string[] {
  const isItself = ends[0].listed === ends[1].listed
  const named = (words: (text: string) => string) =>
    ends.map((end) => {
      const owner = words(isItself ? end.field : end.listed.name)
      const { dbName, name } = idOf(end) ?? HIDDEN
      const column = words(dbName ?? name)
      return column.startsWith(`${owner}_`) ? column : `${owner}_${column}`
    })
  return [named(snakeCase), named((text) => text)].find(areFree) ?? JOIN_COLUMNS
}

function areFree([a = '', b = '']: readonly string[]): boolean {
  return (
    a !== b && [a, b].every((name) => !OWN_COLUMNS.includes(name) && byteLength(name) <= MAX_IDENTIFIER_BYTES)
  )
}

/** `HTTPRequest` is `http_request`. */
function snakeCase(text: string): string {
  return text.replaceAll(/(\p{Ll}|\p{N})(?=\p{Lu})|(\p{Lu})(?=\p{Lu}\p{Ll})/gu, '$1$2_').toLowerCase()
}

/** Prisma demands an `@id` of one field on both sides; nothing where it is hidden. */
function idOf({ listed }: RelationEnd) {
  return listed.fields.find(({ isId }) => isId)
}

const HIDDEN: ColumnField = { name: 'id', dbName: null, kind: 'scalar', type: 'String' }
