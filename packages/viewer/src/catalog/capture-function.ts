import { insertedValues } from './inserted-values.ts'

/** What a column of a history is filled with. */
export type Filling =
  | { readonly kind: 'setting'; readonly name: string }
  | { readonly kind: 'fact'; readonly name: FactName }
  | { readonly kind: 'redacted' }
  | { readonly kind: 'hashed' }
  /** The value of a column of the source, as it is. */
  | { readonly kind: 'value'; readonly source: string }

export type FactName = 'client_addr' | 'application_name' | 'changed_columns' | 'unchanged_columns'

/** What the text of a capture function says of the history that it writes. */
export interface Capture {
  readonly target: { readonly schema: string; readonly name: string }
  /** By the columns of the history. */
  readonly fillings: ReadonlyMap<string, Filling>
}

const NAME = '"((?:[^"]|"")+)"'
const DECLARED = new RegExp(
  `${NAME} CONSTANT text := [^\\n]*current_setting\\('audit\\.((?:[^']|'')+)', true\\)`,
  'g',
)
const SETTING = /current_setting\('audit\.((?:[^']|'')+)', true\)/
const VALUE = new RegExp(
  `^(?:CASE WHEN '(?:[^']|'')+' = ANY \\("unchanged_names"\\) THEN NULL ELSE )?(?:NEW|OLD|changed)\\.${NAME}(?:::text(?:\\[\\])?)?(?: END)?$`,
)

/** Undefined for a function that writes no history. */
export function parseCapture(body: string): Capture | undefined {
  const inserts = insertedValues(body)
  const [first] = inserts
  if (first === undefined) return undefined
  const declared = new Map(
    [...body.matchAll(DECLARED)].map(
      ([, column = '', name = '']) => [unquoted(column), name.replaceAll("''", "'")] as const,
    ),
  )
  const fillings = inserts
    .filter(({ schema, name }) => schema === first.schema && name === first.name)
    .flatMap(({ entries }) => entries)
    .flatMap(([column, value]) => {
      const filling = fillingOf(column, value, declared)
      return filling === undefined ? [] : [[column, filling] as const]
    })
  return { target: { schema: first.schema, name: first.name }, fillings: new Map(fillings) }
}

function fillingOf(
  column: string,
  value: string,
  declared: ReadonlyMap<string, string>,
): Filling | undefined {
  const [, source] = VALUE.exec(value) ?? []
  if (source !== undefined) return { kind: 'value', source: unquoted(source) }
  if (value.includes("'[redacted")) return { kind: 'redacted' }
  if (/hash_value"\(/.test(value)) return { kind: 'hashed' }
  if (value.includes('inet_client_addr()')) return { kind: 'fact', name: 'client_addr' }
  if (value.includes("current_setting('application_name')")) return { kind: 'fact', name: 'application_name' }
  if (value.includes('array_remove(ARRAY[')) return { kind: 'fact', name: 'changed_columns' }
  if (value === '"unchanged_numbers"') return { kind: 'fact', name: 'unchanged_columns' }
  const [, inline] = SETTING.exec(value) ?? []
  const name = inline?.replaceAll("''", "'") ?? declared.get(column)
  return name === undefined ? undefined : { kind: 'setting', name }
}

function unquoted(name: string): string {
  return name.replaceAll('""', '"')
}
