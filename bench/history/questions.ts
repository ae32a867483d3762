import { START, VERSIONS } from './large-history.ts'

type Row = Readonly<Record<string, unknown>>

/** What the benchmark uses of its client. */
export interface HistoryClient {
  readonly order: {
    findUnique(args: object): Promise<Row | null>
    history(args: object): Promise<{ readonly entries: readonly Row[] }>
    asOf(moment: Date, args: object): Promise<{ readonly rows: readonly Row[] }>
  }
  $queryRawUnsafe(text: string, ...values: unknown[]): Promise<readonly Row[]>
  $on(event: 'query', listener: (event: { readonly query: string; readonly params: string }) => void): void
  $disconnect(): Promise<void>
}

export interface Question {
  readonly says: string
  /** What it is compared with. */
  readonly against: string
  readonly run: (client: HistoryClient, chance: Chance) => Promise<unknown>
}

/** What one round asks about. */
export interface Chance {
  readonly id: bigint
  readonly moment: Date
  readonly ids: readonly bigint[]
}

export function draw(keys: number, random: () => number): Chance {
  const id = () => BigInt(1 + Math.floor(random() * keys))
  return {
    id: id(),
    moment: new Date(START.getTime() + Math.floor(random() * VERSIONS * 86_400_000)),
    ids: Array.from({ length: 1000 }, id),
  }
}

const LAST = `SELECT * FROM (
  SELECT DISTINCT ON (id) * FROM audit."Order_audit"
  WHERE audit_operation_timestamp <= $1 %KEYS% ORDER BY id, audit_id DESC
) AS last WHERE audit_operation <> 'D' ORDER BY id`

export const REFERENCES = {
  findUnique: {
    says: '`findUnique` of the live row',
    run: (client, { id }) => client.order.findUnique({ where: { id } }),
  },
  'by-hand-1000': {
    says: '`DISTINCT ON`, written by hand, for the same 1000 keys',
    run: (client, { ids, moment }) =>
      client.$queryRawUnsafe(LAST.replace('%KEYS%', `AND id = ANY ('{${ids.join(',')}}')`), moment),
  },
  'by-hand-all': {
    says: '`DISTINCT ON`, written by hand, over all rows, of which the first 100',
    run: (client, { moment }) => client.$queryRawUnsafe(`${LAST.replace('%KEYS%', '')} LIMIT 100`, moment),
  },
} as const satisfies Readonly<Record<string, Omit<Question, 'against'>>>

export const QUESTIONS = {
  'timeline-20': {
    says: '`history({ where: { id }, take: 20 })`',
    against: 'findUnique',
    run: (client, { id }) => client.order.history({ where: { id }, take: 20 }),
  },
  'as-of-row': {
    says: '`asOf(date, { where: { id } })`',
    against: 'findUnique',
    run: (client, { id, moment }) => client.order.asOf(moment, { where: { id } }),
  },
  'as-of-1000': {
    says: '`asOf(date, { where: { id: { in: [1000 ids] } } })`',
    against: 'by-hand-1000',
    run: (client, { ids, moment }) => client.order.asOf(moment, { where: { id: { in: ids } } }),
  },
  'as-of-all': {
    says: "`asOf(date, { orderBy: { id: 'asc' }, take: 100 })`",
    against: 'by-hand-all',
    run: (client, { moment }) => client.order.asOf(moment, { orderBy: { id: 'asc' }, take: 100 }),
  },
} as const satisfies Readonly<Record<string, Question & { against: keyof typeof REFERENCES }>>

/** Those that look at the whole history take seconds. */
export const isSlow = (name: string) => name.endsWith('-all')
