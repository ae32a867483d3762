import type { Diagnostic } from '../diagnostics.ts'
import type { SourcePlace } from '../model/place.ts'
import { createLexer, type Punctuation, type Token } from './lexer.ts'
import type {
  AnnotationSyntax,
  AttributeSyntax,
  ListSyntax,
  OptionSyntax,
  SettingSyntax,
  ValueSyntax,
} from './syntax.ts'

export interface Parsed<T> {
  readonly syntax: T
  readonly diagnostics: readonly Diagnostic[]
}

/**
 * Parses `@audit(…)` at the start of `text`. Never throws: what does not parse is a diagnostic, and parsing goes on
 * after the next comma, so that one run reports all of them. See `createLexer` for `text` and `place`.
 *
 * ```text
 * annotation = "@audit" "(" [ option { "," option } [","] ] ")"
 * option     = word [ ":" value ]
 * value      = word | string | number | list
 * list       = "[" [ element { "," element } [","] ] "]"
 * element    = value | setting
 * setting    = word word [ "?" | "[" "]" ] { attribute }
 * attribute  = "@" word { "." word } [ "(" [ value { "," value } ] ")" ]
 * ```
 */
export function parseAnnotationSyntax(text: string, place: SourcePlace): Parsed<AnnotationSyntax> {
  const parser = createParser(text, place)
  parser.expect('@')
  parser.take()
  parser.expect('(')
  const options = parser.list(')', () => parser.option())
  return { syntax: { place, options }, diagnostics: parser.diagnostics }
}

/** Parses one session setting, as an element of the generator block's `sessionSettings` holds it. */
export function parseSettingSyntax(text: string, place: SourcePlace): Parsed<SettingSyntax | undefined> {
  const parser = createParser(text, place)
  const element = parser.element()
  if (element && element.kind !== 'setting') parser.report(element.place, notASetting)
  else if (element) parser.expectEnd()
  return {
    syntax: element?.kind === 'setting' ? element : undefined,
    diagnostics: parser.diagnostics,
  }
}

/** Deeper than any option needs, and far from the end of the stack. */
const MAX_DEPTH = 16

export const notASetting = {
  message: 'A session setting needs a name and a type.',
  hint: 'Write it like a field: username String, or app_uuid String? @db.Uuid',
}

function createParser(text: string, start: SourcePlace) {
  const lexer = createLexer(text, start)
  const diagnostics: Diagnostic[] = []
  let token = lexer.next()
  /** How many lists are open. */
  let depth = 0

  const report = (place: SourcePlace, { message, hint }: { message: string; hint?: string }) => {
    diagnostics.push({ code: 'AUD201', severity: 'error', message, place, ...(hint ? { hint } : {}) })
  }
  /** A call, because TypeScript would believe that `token` stays what it was. */
  const at = (kind: Token['kind']): boolean => token.kind === kind
  const take = (): Token => {
    const taken = token
    if (token.kind === 'string' && !token.closed) {
      report(token.place, { message: 'This string is not closed.', hint: 'End it with " on the same line.' })
    }
    token = lexer.next()
    return taken
  }
  const unexpected = (wanted: string) => {
    const found = token.kind === 'end' ? 'the comment ends' : `"${token.text}" stands`
    const quoteHint = token.text === "'" ? { hint: 'Strings are written with double quotes.' } : {}
    report(token.place, { message: `Here ${found} where ${wanted} is expected.`, ...quoteHint })
  }
  const expect = (kind: Punctuation): boolean => {
    if (token.kind !== kind) {
      unexpected(`"${kind}"`)
      return false
    }
    take()
    return true
  }

  /** `a, b, c` up to the closing mark. After something that does not parse it goes on at the next comma. */
  const list = <T>(close: ')' | ']', item: () => T | undefined): readonly T[] => {
    const items: T[] = []
    depth++
    while (token.kind !== close && token.kind !== 'end') {
      if (token.kind === ')' || token.kind === ']') {
        // The surrounding list's mark ends this one too: one message instead of the comment's whole prose.
        if (depth > 1) break
        unexpected(`"," or "${close}"`)
        take()
        continue
      }
      const parsed = item()
      if (parsed !== undefined) items.push(parsed)
      if (atSeparator(close)) {
        if (token.kind === ',') take()
        continue
      }
      if (parsed !== undefined) unexpected(`"," or "${close}"`)
      skipTo(close)
      if (token.kind === ',') take()
    }
    depth--
    expect(close)
    return items
  }
  const atSeparator = (close: ')' | ']') => token.kind === ',' || token.kind === close || token.kind === 'end'
  const skipTo = (close: ')' | ']') => {
    let inner = 0
    while (token.kind !== 'end' && !(inner === 0 && (token.kind === ',' || token.kind === close))) {
      if (token.kind === '(' || token.kind === '[') inner++
      else if (token.kind === ')' || token.kind === ']') {
        if (inner === 0) return
        inner--
      }
      take()
    }
  }

  const option = (): OptionSyntax | undefined => {
    if (token.kind !== 'word') {
      unexpected('an option')
      return undefined
    }
    const { text: word, place } = take()
    const name = { kind: 'word', word, place } as const
    if (!at(':')) return { name, place }
    take()
    const value = parseValue()
    return value && { name, value, place }
  }

  const parseValue = (): ValueSyntax | undefined => {
    if (token.kind === '[' && depth < MAX_DEPTH) return listValue()
    if (token.kind === 'word') {
      const { text: word, place } = take()
      return { kind: 'word', word, place }
    }
    if (token.kind === 'string') {
      const { text: content, place } = take()
      return { kind: 'string', text: content, place }
    }
    if (token.kind === 'number') {
      const { text: digits, place } = take()
      return { kind: 'number', digits, place }
    }
    unexpected('a value')
    return undefined
  }

  const listValue = (): ListSyntax => {
    const { place } = take()
    return { kind: 'list', elements: list(']', element), place }
  }

  const element = (): ValueSyntax | undefined => {
    const value = parseValue()
    if (value?.kind !== 'word' || token.kind !== 'word') return value
    const typeToken = take()
    const type = { kind: 'word', word: typeToken.text, place: typeToken.place } as const
    const optional = optionalMark()
    const isList = listMark()
    const attributes: AttributeSyntax[] = []
    while (at('@')) attributes.push(attribute())
    return {
      kind: 'setting',
      name: value.word,
      type,
      optional: optional || optionalMark(),
      list: isList,
      attributes,
      place: value.place,
    }
  }
  const optionalMark = (): boolean => {
    if (token.kind !== '?') return false
    take()
    return true
  }
  const listMark = (): boolean => {
    if (token.kind !== '[') return false
    take()
    expect(']')
    return true
  }

  const attribute = (): AttributeSyntax => {
    const { place } = take()
    const path: string[] = []
    do {
      if (path.length > 0) take()
      if (token.kind !== 'word') {
        unexpected('the name of an attribute')
        break
      }
      path.push(take().text)
    } while (at('.'))
    const args = argumentList()
    const name = path.join('.')
    return { name, args, place: { ...place, length: name.length + 1 } }
  }
  const argumentList = (): readonly ValueSyntax[] => {
    if (token.kind !== '(') return []
    take()
    return list(')', parseValue)
  }

  const expectEnd = () => {
    if (token.kind !== 'end') unexpected('the end of the setting')
  }

  return { diagnostics, report, take, expect, expectEnd, list, option, element }
}
