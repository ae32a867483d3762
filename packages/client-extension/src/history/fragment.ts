/**
 * SQL with its bind parameters. Text comes from literals in this folder and from `ident`; values come in by `bind` and travel as
 * parameters, so that no value ever stands in the text.
 */
export interface Fragment {
  readonly pieces: readonly (string | Bound)[]
}

interface Bound {
  readonly value: string | null
}

/** What Prisma's `$queryRawUnsafe` takes. */
export interface Statement {
  readonly text: string
  readonly values: readonly (string | null)[]
}

/** SQL from a template; a hole takes fragments only. */
export function sql(strings: TemplateStringsArray, ...holes: readonly Fragment[]): Fragment {
  const pieces = strings.flatMap((text, index) => [text, ...(holes[index]?.pieces ?? [])])
  return { pieces: pieces.filter((piece) => piece !== '') }
}

/** A value as a parameter, cast to a type that the generated module names. */
export function bind(value: string | null, type: string): Fragment {
  return { pieces: ['CAST(', { value }, ` AS ${type})`] }
}

/** A quoted name. The names come from the generated module; a `"` in them is doubled all the same. */
export function ident(name: string): Fragment {
  return { pieces: [quote(name)] }
}

export function qualified({ schema, name }: { readonly schema: string; readonly name: string }): Fragment {
  return { pieces: [`${quote(schema)}.${quote(name)}`] }
}

/** A type as the generated module or the catalog (`format_type`) writes it: SQL already. */
export function typeName(type: string): Fragment {
  return { pieces: [type] }
}

/** A whole number that counts something, never a value. */
export function ordinal(number: number): Fragment {
  return { pieces: [String(Math.trunc(number))] }
}

/** A string constant of the catalog's, such as a table's name for `to_regclass`. */
export function literal(text: string): Fragment {
  // E'…' for backslashes, whatever standard_conforming_strings says.
  return { pieces: [`E'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`] }
}

export function join(fragments: readonly Fragment[], separator: Fragment): Fragment {
  return {
    pieces: fragments.flatMap((each, index) =>
      index === 0 ? each.pieces : [...separator.pieces, ...each.pieces],
    ),
  }
}

/** The same with as few pieces as can be, for what is put together once and used often. */
export function compact({ pieces }: Fragment): Fragment {
  const merged: (string | Bound)[] = []
  for (const piece of pieces) {
    const last = merged.at(-1)
    if (typeof piece === 'string' && typeof last === 'string') merged[merged.length - 1] = last + piece
    else merged.push(piece)
  }
  return { pieces: merged }
}

export const comma = sql`, `

/** All of them, or `true` where there is none. */
export function all(conditions: readonly Fragment[]): Fragment {
  return conditions.length === 0 ? sql`true` : join(conditions, sql` AND `)
}

/** Numbers the parameters. */
export function statement({ pieces }: Fragment): Statement {
  const values: (string | null)[] = []
  const text = pieces.map((piece) => {
    if (typeof piece === 'string') return piece
    values.push(piece.value)
    return `$${values.length}`
  })
  return { text: text.join(''), values }
}

function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
