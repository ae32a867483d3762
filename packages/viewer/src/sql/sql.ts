/** SQL text with its bind parameters; made by the functions of this file only. */
export interface Sql {
  readonly strings: readonly string[]
  readonly values: readonly unknown[]
}

/** `sql\`SELECT ${ident(name)}\``: only other fragments can be put in, never a bare text. */
export function sql(strings: TemplateStringsArray, ...inner: readonly Sql[]): Sql {
  const texts = [strings[0] ?? '']
  const values: unknown[] = []
  inner.forEach((fragment, index) => {
    const [first = '', ...rest] = fragment.strings
    texts[texts.length - 1] += first
    texts.push(...rest)
    values.push(...fragment.values)
    texts[texts.length - 1] += strings[index + 1] ?? ''
  })
  return { strings: texts, values }
}

/** A value that is sent beside the text, never in it. */
export function bind(value: unknown): Sql {
  return { strings: ['', ''], values: [value] }
}

/** A name, quoted: `"Order ""A"""`. */
export function ident(name: string): Sql {
  return { strings: [`"${name.replaceAll('"', '""')}"`], values: [] }
}

export function qualified({ schema, name }: { readonly schema: string; readonly name: string }): Sql {
  return sql`${ident(schema)}.${ident(name)}`
}

/** A type as `format_type` of the database itself has spelled it, with its names quoted where they need it. */
export function typeName(spelled: string): Sql {
  return { strings: [spelled], values: [] }
}

/** A whole number as it stands in SQL. */
export function integer(value: number): Sql {
  return { strings: [String(Math.trunc(value))], values: [] }
}

export function join(fragments: readonly Sql[], separator: Sql): Sql {
  return fragments.reduce<Sql>(
    (all, fragment, index) => (index === 0 ? fragment : sql`${all}${separator}${fragment}`),
    sql``,
  )
}

export const comma = sql`, `

/** `(a) AND (b)`; `true` where there is no condition. */
export function all(conditions: readonly Sql[]): Sql {
  if (conditions.length === 0) return sql`true`
  return join(
    conditions.map((condition) => sql`(${condition})`),
    sql` AND `,
  )
}

/** As the driver takes it, with `$1`, `$2`, … in the order of the values. */
export function toQuery({ strings, values }: Sql): { readonly text: string; readonly values: unknown[] } {
  const text = strings.reduce((before, part, index) => (index === 0 ? part : `${before}$${index}${part}`), '')
  return { text, values: [...values] }
}
