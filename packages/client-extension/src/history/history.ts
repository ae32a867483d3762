import { readAggregate } from './aggregate.ts'
import { readAsOf } from './as-of.ts'
import { readBlame } from './blame.ts'
import { readDiff } from './diff.ts'
import type { HistoryModel, HistoryModels } from './history-model.ts'
import { type HistoryOptions, type RawClient, readerFor } from './reader.ts'
import { type AnyPlan, planRowRevert, planTransactionRevert } from './revert/revert-plan.ts'
import { type RevertOptions, runRevert, type WritingClient } from './revert/run-revert.ts'
import { readTimeline } from './timeline.ts'
import { readAcross } from './transactions.ts'
import type {
  AggregateArgs,
  AggregateEntry,
  AsOf,
  AsOfArgs,
  Blame,
  ClientEntry,
  ClientHistoryArgs,
  HistoryArgs,
  HistoryEntry,
  HistoryPage,
  KeyConditions,
  KeyOf,
  KeyWhere,
  Moment,
  PayloadOf,
  RevertPlan,
  RowDiff,
  RowRevertArgs,
  RowRevertPlan,
  TransactionRef,
  VersionWith,
} from './types.ts'

/** What an audited model gets: `prisma.order.history(…)`. */
export interface ModelMethods<Name extends keyof Models & string, Models extends HistoryModels> {
  /** One page of the model's history, the newest first. */
  history<T>(
    this: T,
    args?: HistoryArgs<PayloadOf<T>, Models[Name]>,
  ): Promise<HistoryPage<HistoryEntry<PayloadOf<T>, Models[Name]>>>
  /** All of it, a page at a time, in the order of writing unless told otherwise. */
  historyStream<T>(
    this: T,
    args?: HistoryArgs<PayloadOf<T>, Models[Name]>,
  ): AsyncGenerator<HistoryEntry<PayloadOf<T>, Models[Name]>, void, undefined>
  /** The history of rows and of what belongs to them. */
  historyWith<T, const A extends AggregateArgs<PayloadOf<T>, Models[Name]>>(
    this: T,
    args: A,
  ): Promise<HistoryPage<AggregateEntry<PayloadOf<T>, Name, Models, A>>>
  /** Rows as they were at a moment. */
  asOf<T, const A extends AsOfArgs<PayloadOf<T>, Models[Name]>>(
    this: T,
    moment: Moment,
    args?: A,
  ): Promise<AsOf<VersionWith<PayloadOf<T>, Name, Models, A>, KeyOf<PayloadOf<T>, Models[Name]>>>
  /** What differs between two moments; `where` may speak of the key. */
  diff<T>(
    this: T,
    from: Moment,
    to: Moment,
    args?: { readonly where?: KeyConditions<PayloadOf<T>, Models[Name]> },
  ): Promise<readonly RowDiff<PayloadOf<T>, Models[Name]>[]>
  /** Who gave each field of a row its value. */
  blame<T>(
    this: T,
    args: { readonly where: KeyWhere<PayloadOf<T>, Models[Name]> },
  ): Promise<Blame<PayloadOf<T>, Models[Name]>>
  /** What would give a row an earlier version again; `$revert` carries it out. */
  planRevert<T>(
    this: T,
    args: RowRevertArgs<PayloadOf<T>, Models[Name]>,
  ): Promise<RowRevertPlan<PayloadOf<T>, Name, Models>>
}

/** What the client itself gets. */
export interface ClientMethods<Models extends HistoryModels> {
  /** What a transaction, a request or an actor changed, over all audited models. */
  $history<C, const Names extends readonly (keyof Models & string)[] = readonly (keyof Models & string)[]>(
    this: C,
    args?: ClientHistoryArgs<Models> & { readonly models?: Names },
  ): Promise<HistoryPage<ClientEntry<C, Models, Names[number]>>>
  /** What would take back all that a transaction wrote, or several as one. */
  $planRevert<C>(
    this: C,
    args: { readonly transaction: TransactionRef | readonly TransactionRef[] },
  ): Promise<RevertPlan<C, Models>>
  /** Carries out a plan: all of it in one transaction, or nothing. */
  $revert(
    plan: { readonly steps: readonly object[]; readonly conflicts: readonly object[] },
    options?: RevertOptions,
  ): Promise<TransactionRef>
}

type NoAddition = Record<never, never>
type Thunks<Methods> = { [Name in keyof Methods]: () => Methods[Name] }

/** For `prisma.$extends(…)`. */
export type HistoryExtension<Models extends HistoryModels> = (client: unknown) => {
  $extends: {
    extArgs: {
      result: NoAddition
      query: NoAddition
      client: Thunks<ClientMethods<Models>>
      model: {
        [Name in Exclude<keyof Models & string, `_${string}`> as Uncapitalize<Name>]: Thunks<
          ModelMethods<Name, Models>
        >
      }
    }
  }
}

interface ModelContext {
  readonly $parent: RawClient
}

interface ExtendableClient {
  $extends(extension: object): unknown
}

/** Binds the history to a project's models; the generated module calls this. */
export function defineHistory<const Models extends HistoryModels>(
  models: Models,
): (options?: HistoryOptions) => HistoryExtension<Models> {
  const names = Object.keys(models).filter((name) => !name.startsWith('_'))
  return (options = {}) =>
    (client) => {
      const model = Object.fromEntries(
        names.map((name) => [uncapitalize(name), modelMethods(models, name, options)]),
      )
      const extension = { name: 'audit-history', model, client: clientMethods(models, options) }
      return (client as ExtendableClient).$extends(extension) as ReturnType<HistoryExtension<Models>>
    }
}

function modelMethods(models: HistoryModels, name: string, options: HistoryOptions) {
  const model = models[name] as HistoryModel
  const readerOf = (context: ModelContext) => readerFor(context.$parent, options)
  type Args = HistoryArgs<unknown, HistoryModel>
  return {
    history(this: ModelContext, args?: Args) {
      return readTimeline(readerOf(this), model, args)
    },
    async *historyStream(this: ModelContext, args: Args = {}) {
      const reader = readerOf(this)
      let cursor: string | null | undefined = args.cursor
      do {
        const page: HistoryPage<HistoryEntry<unknown, HistoryModel>> = await readTimeline(reader, model, {
          take: 1000,
          order: 'asc',
          ...args,
          ...(cursor ? { cursor } : {}),
        })
        yield* page.entries
        cursor = page.nextCursor
      } while (cursor !== null)
    },
    historyWith(this: ModelContext, args: AggregateArgs<unknown, HistoryModel>) {
      return readAggregate(readerOf(this), models, name, args)
    },
    asOf(this: ModelContext, moment: Moment, args?: AsOfArgs<unknown, HistoryModel>) {
      return readAsOf(readerOf(this), models, model, moment, args)
    },
    diff(this: ModelContext, from: Moment, to: Moment, args: { where?: object } = {}) {
      return readDiff(readerOf(this), Object.values(models), model, [from, to], args.where)
    },
    blame(this: ModelContext, { where }: { where: object }) {
      return readBlame(readerOf(this), model, where)
    },
    planRevert(this: ModelContext, args: { where: object; to: Moment; seen: bigint }) {
      return planRowRevert(readerOf(this), models, name, args)
    },
  }
}

function clientMethods(models: HistoryModels, options: HistoryOptions) {
  return {
    $history(this: RawClient, args?: ClientHistoryArgs<HistoryModels>) {
      return readAcross(readerFor(this, options), models, args)
    },
    $planRevert(
      this: RawClient,
      { transaction }: { transaction: TransactionRef | readonly TransactionRef[] },
    ) {
      return planTransactionRevert(readerFor(this, options), models, transaction)
    },
    $revert(this: WritingClient, plan: AnyPlan, limits?: RevertOptions) {
      return runRevert(this, (tx) => readerFor(tx, options), models, plan, limits)
    },
  }
}

function uncapitalize(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1)
}
