import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { withAuditContext } from 'prisma-extension-audit'
import type { HistoryModels, HistoryOptions } from 'prisma-extension-audit/history'
import { afterAll } from 'vitest'
import type { Shop } from '../fold-equals-table/operations.ts'
import { type AuditedProject, importAudit, openClient, useProject } from '../main-path/audited-project.ts'
import type { Client, Model } from '../main-path/client.ts'

const prisma = (path: string) => fileURLToPath(new URL(`../../../prisma/${path}`, import.meta.url))

export type Row = Readonly<Record<string, unknown>>

/** An entry as these tests look at it; its real types are tested where they are made. */
export interface Entry {
  readonly auditId: bigint
  readonly operation: string
  readonly at: Date
  readonly transaction: { readonly id: bigint; readonly startedAt: Date }
  readonly context: Row
  readonly facts: Row
  readonly row: Row
  readonly other: Row
  readonly changes:
    | readonly { readonly field: string; readonly before: unknown; readonly after: unknown }[]
    | null
}

export interface Page {
  readonly entries: readonly (Entry & { readonly model: string })[]
  readonly nextCursor: string | null
}

export interface Plan {
  readonly steps: readonly {
    readonly model: string
    readonly action: string
    readonly key: Row
    readonly seen: bigint
    readonly target: bigint | null
    readonly after: Row | null
    readonly changes: readonly { readonly field: string }[]
    readonly skipped: readonly string[]
  }[]
  readonly conflicts: readonly { readonly model: string; readonly key: Row; readonly kind: string }[]
}

export interface ModelHistory {
  history(args?: object): Promise<Page>
  historyStream(args?: object): AsyncGenerator<Entry>
  historyWith(args: object): Promise<Page>
  asOf(
    moment: unknown,
    args?: object,
  ): Promise<{
    readonly rows: readonly Row[]
    readonly coverageFrom: Date | null
    readonly unknown: readonly Row[]
    readonly isComplete: boolean
  }>
  diff(
    from: unknown,
    to: unknown,
    args?: object,
  ): Promise<
    readonly {
      readonly kind: string
      readonly key: Row
      readonly before: Row | null
      readonly after: Row | null
      readonly changes: readonly {
        readonly field: string
        readonly before: unknown
        readonly after: unknown
      }[]
    }[]
  >
  blame(args: object): Promise<Readonly<Record<string, Entry | null>>>
  planRevert(args: object): Promise<Plan>
}

export interface ClientHistory {
  $history(args?: object): Promise<Page>
  $planRevert(args: object): Promise<Plan>
  $revert(plan: object, options?: object): Promise<Entry['transaction']>
}

type Delegate = Model & ModelHistory

/** A client with the history, by the names of its audited models. */
export type HistoryClient<Models extends string = Delegates> = Omit<Client<Models>, Models> &
  ClientHistory & { readonly [M in Models]: Delegate }

/** Of the reference schema. */
type Delegates =
  | 'address'
  | 'category'
  | 'customer'
  | 'exchangeRate'
  | 'order'
  | 'orderLine'
  | 'parcel'
  | 'payment'
  | 'product'
  | 'review'
  | 'stockMovement'

export function delegateOf(client: object, name: string): Delegate {
  return Reflect.get(client, name) as Delegate
}

interface HistoryModule {
  readonly historyModels: HistoryModels
  auditHistory(options?: HistoryOptions): never
}

export async function importHistory({ project }: AuditedProject): Promise<HistoryModule> {
  return await project.importModule<HistoryModule>('generated/audit/history.ts')
}

/** A client of a project that writes as `username` and reads the history. */
export async function openHistory<Models extends string>(
  audited: AuditedProject,
  username: string,
  path?: string,
): Promise<HistoryClient<Models>> {
  const { auditContext } = await importAudit(audited)
  const { auditHistory } = await importHistory(audited)
  const client = await openClient<Models>(audited, path === undefined ? {} : { path })
  const extended = client.$extends(auditContext({ username })).$extends(auditHistory())
  return extended as unknown as HistoryClient<Models>
}

export interface ShopHistory {
  readonly audited: AuditedProject
  readonly models: HistoryModels
  /** With history and context; its writes are `ann`'s. */
  readonly db: HistoryClient
  /** One more writer on the same database, with connections of its own. */
  readonly writer: (name: string) => Promise<Shop>
  readonly plain: pg.Pool
}

/** The reference schema, installed, with a client that reads its history. */
export async function useShopHistory(): Promise<ShopHistory> {
  const migrations = Object.fromEntries(
    readdirSync(prisma('migrations'), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => [name, readFileSync(prisma(`migrations/${name}/migration.sql`), 'utf8')]),
  )
  const audited = await useProject({ schema: readFileSync(prisma('schema.prisma'), 'utf8'), migrations })
  await audited.project.prisma(['migrate', 'deploy'])
  await audited.project.prisma(['generate'])
  return openShop(audited)
}

export async function openShop(audited: AuditedProject): Promise<ShopHistory> {
  const { auditContext } = await importAudit(audited)
  const { auditHistory, historyModels } = await importHistory(audited)
  const client = await openClient<string>(audited)
  const db = client
    .$extends(auditContext({ username: 'ann' }))
    .$extends(auditHistory()) as unknown as HistoryClient
  const plain = audited.database.pool({ max: 4 })
  return { audited, models: historyModels, db, plain, writer: (name) => writerOf(audited, name) }
}

async function writerOf(audited: AuditedProject, username: string): Promise<Shop> {
  const { auditContext } = await importAudit(audited)
  const client = await openClient<keyof Shop['models'] & string>(audited, { max: 2 })
  const connection = new pg.Client({ connectionString: audited.database.url })
  await connection.connect()
  afterAll(() => connection.end())
  const extended = client.$extends(auditContext({ username }))
  return {
    models: extended,
    prisma: extended,
    pg: (statement) => withAuditContext(connection, { username }, (tx) => tx.query(statement)),
  }
}

/** The models that have a delegate, by the names of their delegates. */
export function delegates(models: HistoryModels): readonly (readonly [string, HistoryModels[string]])[] {
  return Object.entries(models)
    .filter(([name]) => !name.startsWith('_'))
    .map(([name, model]) => [name.charAt(0).toLowerCase() + name.slice(1), model])
}

/** Rows of a model without the fields that its history does not record, in the order of their text. */
export function comparable(model: HistoryModels[string], rows: readonly Row[]): readonly Row[] {
  const recorded = Object.keys(model.fields)
  return rows
    .map((row) => Object.fromEntries(recorded.map((name) => [name, row[name]])))
    .map((row) => [textOf(row), row] as const)
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([, row]) => row)
}

export function textOf(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? `${part}n` : part))
}
