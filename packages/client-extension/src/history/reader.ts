import { findSqlState } from '../database-error.ts'
import { type PrismaClientParts, transactionOf } from '../prisma-client.ts'
import { type AuditContext, type AuditSettings, settingsOf } from '../settings.ts'
import { settingsStatement } from '../settings-statement.ts'
import { type Fragment, literal, sql, statement } from './fragment.ts'
import { AuditHistoryError } from './history-error.ts'
import type { HistoryModel } from './history-model.ts'
import { quotedName } from './quoted-name.ts'

/** What is used of a Prisma Client; any with a driver of PostgreSQL will do. */
export interface RawClient {
  $queryRawUnsafe(text: string, ...values: unknown[]): PromiseLike<unknown>
  $executeRawUnsafe(text: string, ...values: unknown[]): PromiseLike<unknown>
  $transaction(calls: readonly PromiseLike<unknown>[]): Promise<unknown>
}

export interface HistoryOptions {
  /**
   * The client that reads the history, of a role that may. Without one the client itself is asked, whose role by default may
   * not. It reads outside the caller's transactions: what is committed.
   */
  readonly reader?: object
  /** Settings for the policies of the history's tables, asked for at each question: the tenant, for one. */
  readonly settings?: () => AuditContext
  /** The caller may see the rows of every tenant, although the table itself has row level security. */
  readonly allTenants?: boolean
}

export type Row = Readonly<Record<string, unknown>>

/** Asks the database for the client that a question was put to. */
export interface Reader {
  /**
   * A question to histories; `models` are those that it reads, for their row level security.
   *
   * @param before a statement that prepares the transaction of a reader of its own
   */
  readonly ask: (
    models: readonly HistoryModel[],
    query: Fragment,
    before?: Fragment,
  ) => Promise<readonly Row[]>
  /** A question to the source tables, always with the application's own client. */
  readonly askSource: (query: Fragment) => Promise<readonly Row[]>
  /** Both go to the same database session: one statement may speak of a history and of its source. */
  readonly isOne: boolean
}

export function readerFor(client: RawClient, options: HistoryOptions): Reader {
  const reader = (options.reader as RawClient | undefined) ?? client
  return {
    isOne: options.reader === undefined && options.settings === undefined,
    askSource: (query) => run(client, query),
    ask: async (models, query, before) => {
      const settings = options.settings && settingsOf(options.settings())
      const guarded = options.allTenants ? query : withGuard(models, query)
      const prepare = reader === client ? undefined : before
      const rows = await run(reader, guarded, settings, prepare)
      if (!options.allTenants && rows.some((row) => row.audit_guard === true)) throw unprotected(models)
      return rows
    },
  }
}

/**
 * Adds a column that says whether a source has row level security while its history shows everything to this role. It is part of
 * the question itself, so that no answer is older than the database's word.
 */
function withGuard(models: readonly HistoryModel[], query: Fragment): Fragment {
  const [first, ...rest] = models.map(isUnprotected)
  if (first === undefined) return query
  const any = rest.reduce((found, each) => sql`${found} OR ${each}`, first)
  return sql`SELECT answer.*, (${any}) AS audit_guard FROM (${query}) AS answer`
}

function isUnprotected({ source, audit }: HistoryModel): Fragment {
  const [table, history] = [literal(quotedName(source)), literal(quotedName(audit))]
  return sql`(coalesce((SELECT c.relrowsecurity FROM pg_catalog.pg_class AS c WHERE c.oid = pg_catalog.to_regclass(${table})), false)
    AND NOT coalesce(pg_catalog.row_security_active(pg_catalog.to_regclass(${history})::oid), false))`
}

function unprotected(models: readonly HistoryModel[]): AuditHistoryError {
  const names = models.map(({ source }) => source.name).join(', ')
  return new AuditHistoryError(
    'ROW_SECURITY',
    `Row level security is on for ${names}, and this role would see the history of every tenant.`,
    {
      hint: 'Give the history policies of its own (npx prisma-generator-audit reader), or say allTenants: true where the caller may see all.',
    },
  )
}

async function run(client: RawClient, query: Fragment, settings?: AuditSettings, before?: Fragment) {
  const { text, values } = statement(query)
  const preparations = [
    ...(settings === undefined || settings.length === 0 ? [] : [settingsStatement(settings)]),
    ...(before === undefined ? [] : [statement(before)]),
  ]
  try {
    if (preparations.length === 0) return (await client.$queryRawUnsafe(text, ...values)) as readonly Row[]
    if (transactionOf(client as unknown as PrismaClientParts) !== undefined) {
      for (const each of preparations) await client.$executeRawUnsafe(each.text, ...each.values)
      return (await client.$queryRawUnsafe(text, ...values)) as readonly Row[]
    }
    const calls = preparations.map((each) => client.$executeRawUnsafe(each.text, ...each.values))
    const answers = await client.$transaction([...calls, client.$queryRawUnsafe(text, ...values)])
    return ((answers as readonly unknown[]).at(-1) ?? []) as readonly Row[]
  } catch (error) {
    throw toHistoryError(error)
  }
}

/** Every other error comes back as it is. */
function toHistoryError(error: unknown): unknown {
  switch (findSqlState(error)) {
    case '42501':
      return new AuditHistoryError('NO_RIGHT', 'The role of this client may not read what was asked for.', {
        hint: "By default an application's role does not read the history: auditHistory({ reader }) takes a client whose role may. npx prisma-generator-audit reader prints the rights that it needs.",
        cause: error,
      })
    case '22P02':
    case '22003':
    case '22007':
    case '22008':
      return new AuditHistoryError('INVALID_ARGUMENT', 'A value does not fit the type of its column.', {
        cause: error,
      })
    case '42P01':
    case '42703':
    case '3F000':
      return new AuditHistoryError('NOT_INSTALLED', 'The database lacks what the generated module knows.', {
        hint: 'Deploy the migrations, or run npx prisma generate after a change of the schema.',
        cause: error,
      })
    default:
      return error
  }
}
