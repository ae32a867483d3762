import type { SourceFile, SourcePlace } from '../model/place.ts'
import { type Comment, findMentions, type Mention, sortMentions } from './comment.ts'
import { codeEnd, readAttributes, readFieldType } from './field-line.ts'
import type {
  AnnotationText,
  BlockKind,
  LostAnnotation,
  LostReason,
  ScannedSchema,
  SchemaBlock,
  SchemaField,
  SchemaSetting,
} from './schema-blocks.ts'
import { createPlaces, splitLines } from './text-lines.ts'

const SPACE = /[\p{Zs}\t]*/uy
const LINE_END = /\r\n|\n|\r|$/y
const REST_OF_LINE = /[^\r\n]*/y
const LINE_COMMENT = /\/\/[^\r\n]*/y
const BLOCK_COMMENT = /\/\*[\s\S]*?\*\//y
const HEADER = /(model|view|type|enum|generator|datasource)([\p{Zs}\t]*)([A-Za-z0-9][\w-]*)[\p{Zs}\t]*\{/uy
const NAME = /[A-Za-z0-9][\w-]*/y

interface OpenBlock {
  readonly kind: BlockKind
  readonly name: string
  readonly place: SourcePlace
  readonly fields: SchemaField[]
  readonly settings: SchemaSetting[]
  readonly annotations: AnnotationText[]
  ignored: boolean
  schema: string | undefined
}

/**
 * Scans one file line by line, as Prisma's own grammar is: a declaration never goes over a line's end, a block opens
 * with `{` at a line's end, and a run of comment lines belongs to the declaration below it: directly below it outside
 * of blocks, with blank lines between them allowed inside.
 */
export function scanFile({ path, text }: SourceFile): ScannedSchema {
  const place = createPlaces(path, splitLines(text))
  const blocks: SchemaBlock[] = []
  const lost: LostAnnotation[] = []
  let offset = 0
  let block: OpenBlock | undefined
  let run: Comment[] = []
  /** A blank line stands between the run and here. */
  let blankAfterRun = false

  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = offset
    const found = pattern.exec(text)
    offset += found?.[0].length ?? 0
    return found
  }
  const endLine = () => {
    match(LINE_END)
  }
  const takeMentions = (): readonly Mention[] => {
    const mentions = findMentions(text, run, place)
    run = []
    blankAfterRun = false
    return mentions
  }
  const owner = () => (block ? { model: block.name } : {})
  const lose = (mentions: readonly Mention[], reason: LostReason) => {
    lost.push(...sortMentions(mentions, owner(), reason).lost)
  }
  const keep = (mentions: readonly Mention[], field?: string): readonly AnnotationText[] => {
    const sorted = sortMentions(mentions, { ...owner(), ...(field ? { field } : {}) })
    lost.push(...sorted.lost)
    return sorted.annotations
  }

  const readComment = (): Comment | undefined => {
    if (text[offset] !== '/') return undefined
    const start = offset
    const line = match(LINE_COMMENT)
    if (line) return { kind: line[0].startsWith('///') ? 'doc' : 'line', start, end: offset }
    return match(BLOCK_COMMENT) ? { kind: 'block', start, end: offset } : undefined
  }
  /** Comments behind something on its line. */
  const readTrailing = (): readonly Mention[] => {
    const comments: Comment[] = []
    match(SPACE)
    for (let next = readComment(); next; next = readComment()) {
      comments.push(next)
      match(SPACE)
    }
    return findMentions(text, comments, place)
  }
  const readName = (): { name: string; place: SourcePlace } | undefined => {
    const start = offset
    const name = match(NAME)?.[0]
    return name === undefined ? undefined : { name, place: place(start, name.length) }
  }
  /** The code of the line up to its comment, without the space before that. */
  const readCode = (): { code: string; start: number } => {
    const start = offset
    offset = codeEnd(text, offset)
    return { code: text.slice(start, offset).trimEnd(), start }
  }

  const openBlock = ([whole, kind, gap, name]: RegExpExecArray) => {
    const mentions = takeMentions()
    const nameStart = offset - whole.length + (kind ?? '').length + (gap ?? '').length
    block = {
      kind: kind as BlockKind,
      name: name ?? '',
      place: place(nameStart, (name ?? '').length),
      fields: [],
      settings: [],
      annotations: [],
      ignored: false,
      schema: undefined,
    }
    block.annotations.push(...keep(mentions))
    // Prisma drops whatever stands behind the brace.
    const start = offset
    match(REST_OF_LINE)
    lose(findMentions(text, [{ kind: 'doc', start, end: offset }], place), 'nowhere')
    endLine()
  }

  const closeBlock = (open: OpenBlock) => {
    lose(takeMentions(), 'nowhere')
    const { fields, annotations, schema, ...rest } = open
    const known = { ...rest, ...(schema === undefined ? {} : { schema }) }
    if (open.ignored) {
      lost.push(...annotations.map((each) => ({ ...each, reason: 'ignored' as const, model: open.name })))
      for (const field of fields) {
        const context = { reason: 'ignored' as const, model: open.name, field: field.name }
        lost.push(...field.annotations.map((each) => ({ ...each, ...context })))
      }
      const bare = fields.map((field) => ({ ...field, annotations: [] }))
      blocks.push({ ...known, fields: bare, annotations: [] })
    } else blocks.push({ ...known, fields, annotations })
    block = undefined
  }

  const readBlockAttribute = (open: OpenBlock) => {
    lose(takeMentions(), 'block-attribute')
    const { ignored, schema } = readAttributes(readCode().code)
    open.ignored ||= ignored
    open.schema = schema ?? open.schema
    lose(readTrailing(), 'block-attribute')
  }

  const readEntry = (open: OpenBlock) => {
    const above = takeMentions()
    const named = readName()
    if (!named) {
      match(REST_OF_LINE)
      lose(above, 'nowhere')
      return
    }
    match(SPACE)
    const { code, start } = readCode()
    const mentions = [...above, ...readTrailing()]
    if (open.kind === 'generator' || open.kind === 'datasource') {
      open.annotations.push(...keep(mentions))
      const value = code.replace(/^=\s*/, '')
      const valuePlace = place(start + code.length - value.length, value.length)
      open.settings.push({ ...named, value, valuePlace })
    } else if (open.kind === 'enum') open.annotations.push(...keep(mentions))
    else {
      const type = readFieldType(code)
      const { ignored, id, column } = readAttributes(code)
      const list = code.startsWith('[]', type.length)
      const unsupported = type.startsWith('Unsupported(')
      const annotations = keep(mentions, named.name)
      const fieldColumn = column ?? named.name
      open.fields.push({ ...named, type, list, ignored, unsupported, id, column: fieldColumn, annotations })
    }
  }

  while (offset < text.length) {
    match(SPACE)
    const comment = readComment()
    if (comment) {
      if (blankAfterRun) lose(takeMentions(), 'blank-line')
      run.push(comment)
      match(SPACE)
      endLine()
      continue
    }
    if (/[\r\n]/.test(text[offset] ?? '')) {
      blankAfterRun = run.length > 0
      if (blankAfterRun && !block) lose(takeMentions(), 'blank-line')
      endLine()
      continue
    }
    if (!block) {
      const header = match(HEADER)
      if (header) openBlock(header)
      else {
        lose(takeMentions(), 'nowhere')
        match(REST_OF_LINE)
        endLine()
      }
      continue
    }
    if (text[offset] === '}') {
      offset++
      closeBlock(block)
      lose(readTrailing(), 'nowhere')
      continue
    }
    if (text.startsWith('@@', offset)) readBlockAttribute(block)
    else readEntry(block)
    match(REST_OF_LINE)
    endLine()
  }
  lose(takeMentions(), 'nowhere')
  if (block) closeBlock(block)
  return { blocks, lost }
}
