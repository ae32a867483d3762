import type { ComponentChildren } from 'preact'

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for.
const HIDDEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/

/** A text with what cannot be seen, or turns the reading direction, written out: ⟨U+202E⟩. */
export function Text({ children }: { readonly children: string }) {
  if (!HIDDEN.test(children)) return <bdi>{children}</bdi>
  const parts: ComponentChildren[] = []
  let rest = children
  for (let found = HIDDEN.exec(rest); found !== null; found = HIDDEN.exec(rest)) {
    parts.push(rest.slice(0, found.index))
    parts.push(<span class="control">{nameOf(found[0])}</span>)
    rest = rest.slice(found.index + 1)
    // A text of nothing else would make as many elements: the rest is told in numbers.
    if (parts.length > 2000) break
  }
  return (
    <bdi>
      {parts}
      {parts.length > 2000 ? rest.replace(new RegExp(HIDDEN, 'g'), '␦') : rest}
    </bdi>
  )
}

function nameOf(character: string): string {
  const code = character.charCodeAt(0)
  if (code < 0x20) return String.fromCharCode(0x2400 + code)
  return `⟨U+${code.toString(16).toUpperCase().padStart(4, '0')}⟩`
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${numberText(count)} ${count === 1 ? one : many}`
}

export function numberText(count: number): string {
  return new Intl.NumberFormat('en').format(count)
}
