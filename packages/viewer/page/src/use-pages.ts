import { useCallback, useEffect, useState } from 'preact/hooks'
import { ask } from './ask.ts'

export interface Pages<Answer> {
  readonly pages: readonly Answer[]
  readonly last: Answer | undefined
  readonly error: string | undefined
  readonly isLoading: boolean
  /** Asks for the page that `more` (a cursor) names, and puts it after the others. */
  readonly goOn: (more: Readonly<Record<string, string>>) => void
  /** Begins anew with this page. */
  readonly replace: (page: Answer) => void
}

/** The pages of one question, the first of them asked for at once. */
export function usePages<Answer>(question: string, query: string): Pages<Answer> {
  const [pages, setPages] = useState<readonly Answer[]>([])
  const [error, setError] = useState<string>()
  const [isLoading, setLoading] = useState(true)

  const load = useCallback(
    async (more: Readonly<Record<string, string>> | undefined, signal?: AbortSignal) => {
      setLoading(true)
      const asked = new URLSearchParams([...new URLSearchParams(query), ...Object.entries(more ?? {})])
      try {
        const answer = await ask<Answer>(question, asked, signal)
        setPages((before) => (more === undefined ? [answer] : [...before, answer]))
        setError(undefined)
        setLoading(false)
      } catch (problem) {
        if (signal?.aborted === true) return
        setError((problem as Error).message)
        setLoading(false)
      }
    },
    [question, query],
  )

  useEffect(() => {
    const abort = new AbortController()
    void load(undefined, abort.signal)
    return () => abort.abort()
  }, [load])

  return {
    pages,
    last: pages.at(-1),
    error,
    isLoading,
    goOn: (more) => void load(more),
    replace: (page) => setPages([page]),
  }
}
