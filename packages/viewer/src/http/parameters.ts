import type { History } from '../catalog/history.ts'
import type { Filter } from '../sql/search.ts'
import { ViewerError } from '../viewer-error.ts'

const OPERATIONS = ['I', 'U', 'D', 'B', 'W', 'T']
const MOST = 200

export function takeOf(query: URLSearchParams, usual: number): number {
  const text = query.get('take')
  if (text === null) return usual
  const take = Number(text)
  if (Number.isInteger(take) && take >= 1 && take <= MOST) return take
  throw new ViewerError('INVALID', `"take" is a whole number from 1 to ${MOST}.`)
}

/** @throws ViewerError `INVALID` for what is no time with its zone */
export function timeOf(query: URLSearchParams, name: string): string | undefined {
  const text = query.get(name)
  if (text === null || text === '') return undefined
  const isTime = /^\d{4,6}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)$/.test(text)
  if (isTime && !Number.isNaN(Date.parse(text))) return text
  throw new ViewerError('INVALID', `"${name}" is a time with its zone: 2026-03-04T10:15:00Z.`)
}

export function idOf(query: URLSearchParams, name: string): string | undefined {
  const text = query.get(name)
  if (text === null) return undefined
  if (/^-?\d{1,18}$/.test(text)) return text
  throw new ViewerError('INVALID', `"${name}" is the number of a version.`)
}

/** `7301@2026-03-04T10:15:00.123456Z` */
export function transactionOf(query: URLSearchParams, name: string): Filter['transaction'] {
  const text = query.get(name)
  if (text === null || text === '') return undefined
  const [, id, startedAt] = /^(\d{1,18})@(.+)$/.exec(text) ?? []
  if (id === undefined || startedAt === undefined) {
    throw new ViewerError('INVALID', `"${name}" is a transaction: its id, @ and the time of its start.`)
  }
  return { id, startedAt: timeOf(new URLSearchParams({ [name]: startedAt }), name) ?? '' }
}

/** @throws ViewerError `INVALID` for what is no JSON array of texts */
export function keyOf(query: URLSearchParams): readonly string[] | undefined {
  const text = query.get('key')
  if (text === null || text === '') return undefined
  try {
    const key: unknown = JSON.parse(text)
    if (Array.isArray(key) && key.every((part) => typeof part === 'string')) return key
  } catch {
    // Said below.
  }
  throw new ViewerError('INVALID', '"key" is a JSON array of texts: ["7"].')
}

/** The history that `table` names. */
export function tableOf(query: URLSearchParams, open: readonly History[]): History {
  const [history] = tablesOf(query, open)
  if (query.get('table') === null || history === undefined) {
    throw new ViewerError('INVALID', 'Name one history with "table".')
  }
  return history
}

/** Those that `table` names, else all that record what happened. */
export function tablesOf(query: URLSearchParams, open: readonly History[]): readonly History[] {
  const names = query.getAll('table').filter((name) => name !== '')
  return names.length === 0 ? open : names.map((name) => named(name, open))
}

function named(name: string, open: readonly History[]): History {
  const history = open.find(({ id }) => id === name)
  if (history !== undefined) return history
  throw new ViewerError('NOT_FOUND', `There is no history "${name}" that may be read here.`)
}

/**
 * What the link says, for each history: `op=I&op=U&by.username=ann&fact.client_addr=::1&user=app&from=…&to=…&tx=…`. A history that
 * does not record a setting that is asked for has no row that fits, and is left out.
 */
export function searchesOf(
  query: URLSearchParams,
  histories: readonly History[],
): readonly { readonly history: History; readonly filter: Filter }[] {
  const operations = query.getAll('op').filter((name) => name !== '')
  const unknown = operations.find((operation) => !OPERATIONS.includes(operation))
  if (unknown !== undefined) throw new ViewerError('INVALID', `There is no operation "${unknown}".`)
  const user = query.get('user') ?? ''
  const [from, to, transaction] = [timeOf(query, 'from'), timeOf(query, 'to'), transactionOf(query, 'tx')]
  const shared = {
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    ...(transaction === undefined ? {} : { transaction }),
    ...(operations.length === 0 ? {} : { operations }),
    ...(user === '' ? {} : { databaseUser: user }),
  }
  const said = [...query].filter(([name]) => /^(by|fact)\./.test(name))
  return histories.flatMap((history) => {
    const equals = said.map(([name, value]) => {
      const [kind, wanted] = [
        name.startsWith('by.') ? history.settings : history.facts,
        name.replace(/^\w+\./, ''),
      ]
      const column = kind.find((setting) => setting.name === wanted)?.column
      return column && { column, value: value === '' ? null : value }
    })
    const known = equals.filter((each) => each !== undefined)
    return known.length < equals.length ? [] : [{ history, filter: { ...shared, equals: known } }]
  })
}
