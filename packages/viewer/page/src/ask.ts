import { useEffect, useState } from 'preact/hooks'
import type { ErrorAnswer } from '../../src/answers.ts'
import { base } from './address.ts'

/** Asks the API. @throws Error with the words of the server */
export async function ask<Answer>(
  question: string,
  query: URLSearchParams,
  signal?: AbortSignal,
): Promise<Answer> {
  const response = await fetch(`${base}/api/${question}?${query}`, { ...(signal ? { signal } : {}) })
  const isJson = response.headers.get('content-type')?.startsWith('application/json') === true
  if (!isJson)
    throw new Error((await response.text()).slice(0, 300) || `The server answered ${response.status}.`)
  const body: unknown = await response.json()
  if (!response.ok) throw new Error((body as ErrorAnswer).error.message)
  return body as Answer
}

export interface Asked<Answer> {
  readonly answer: Answer | undefined
  readonly error: string | undefined
  readonly isLoading: boolean
}

/** Asks whenever the question changes; while a new answer is under way the former one stays. */
export function useAnswer<Answer>(question: string, query: URLSearchParams | undefined): Asked<Answer> {
  const [asked, setAsked] = useState<Asked<Answer>>({ answer: undefined, error: undefined, isLoading: true })
  const text = query?.toString()
  useEffect(() => {
    if (text === undefined) return
    const abort = new AbortController()
    setAsked(({ answer }) => ({ answer, error: undefined, isLoading: true }))
    ask<Answer>(question, new URLSearchParams(text), abort.signal).then(
      (answer) => setAsked({ answer, error: undefined, isLoading: false }),
      (error: Error) => {
        if (!abort.signal.aborted) setAsked({ answer: undefined, error: error.message, isLoading: false })
      },
    )
    return () => abort.abort()
  }, [question, text])
  return asked
}
