/** The part of a link that filters, without what belongs to one place alone. */
export function filterOf(query: URLSearchParams, also: readonly string[] = []): URLSearchParams {
  const kept = [...query].filter(
    ([name, value]) =>
      (/^(by|fact)\./.test(name) || ['table', 'op', 'from', 'to', 'tx', 'user', ...also].includes(name)) &&
      (value !== '' || /^(by|fact)\./.test(name)),
  )
  return new URLSearchParams(kept)
}
