import { AsyncLocalStorage } from 'node:async_hooks'
import { AuditContextError } from './errors.ts'
import { type AuditContext, assertContext } from './settings.ts'

/** Where copies of this package in one process (ESM, CommonJS, bundled) find each other. Another meaning gets another version. */
const STORAGE = Symbol.for('prisma-extension-audit/async-context@1')

if (!(STORAGE in globalThis))
  Object.defineProperty(globalThis, STORAGE, { value: new AsyncLocalStorage<object>() })
const storage: AsyncLocalStorage<object> = Reflect.get(globalThis, STORAGE)

/** Runs a function with a context; gives what the function gives, a lazy promise of Prisma's as a promise that runs. */
export interface RunWithAuditContext<Context extends object> {
  <T>(context: Partial<Context>, fn: () => PromiseLike<T>): Promise<T>
  <T>(context: Partial<Context>, fn: () => T): T
}

/** Runs a function as a background job. */
export interface RunAsJob<Context extends object> {
  <T>(name: string, fn: () => PromiseLike<T>): Promise<T>
  <T>(name: string, fn: () => T): T
  <T>(name: string, settings: Partial<Context>, fn: () => PromiseLike<T>): Promise<T>
  <T>(name: string, settings: Partial<Context>, fn: () => T): T
}

/** The settings that can hold a name. */
export type ActorSetting<Context extends object> = {
  [Setting in keyof Context]-?: string extends Context[Setting] ? Setting : never
}[keyof Context]

export interface AsyncAuditContextOptions<Context extends object> {
  /** The setting that holds who writes: `'username'` for one. */
  readonly actor: NoInfer<ActorSetting<Context>>
}

/** The functions of this module with the types of one project. */
export interface AsyncAuditContext<Context extends object> {
  /** See `runWithAuditContext` of this module. */
  readonly runWithAuditContext: RunWithAuditContext<Context>
  /** See `currentAuditContext` of this module. */
  readonly currentAuditContext: () => Context | undefined
  /**
   * Runs `fn` as the background job `name`: the actor is `job:<name>`, which no person is called. Nothing of the
   * context around it is inherited, since a job that a request starts does not act for the request's user.
   *
   *     await runAsJob('nightly-cleanup', () => db.session.deleteMany({ where: { expired: true } }))
   *
   * @param settings what else the job says, besides the actor
   * @returns what `fn` returns
   * @throws AuditContextError `INVALID_CONTEXT` when the name is empty or the settings or the function are not what they must be
   */
  readonly runAsJob: RunAsJob<Context>
}

/**
 * Runs `fn`, and all that it calls and awaits, with an audit context. Inside another context it is laid over that one:
 * a setting that is given counts, also as `undefined` or `null`, which take it away, so that a name that is missing by
 * mistake never leaves the outer one in its place. The outer context itself stays as it is.
 *
 *     await runWithAuditContext({ username: 'ann' }, () => db.order.create({ data }))
 *
 * A call of Prisma Client runs where it is awaited, not where it is made. One that `fn` returns is awaited inside.
 *
 * @param context some of the settings; a copy is kept
 * @param fn called at once
 * @returns what `fn` returns
 * @throws AuditContextError `INVALID_CONTEXT` when the context is not an object of settings, or `fn` no function
 */
export const runWithAuditContext = ((context: object, fn: () => unknown) =>
  run({ ...storage.getStore(), ...checked(context) }, fn)) as RunWithAuditContext<AuditContext>

/**
 * The context of the code that is running: of all `runWithAuditContext` around it, merged. Frozen. It is what the
 * extension asks for: `prisma.$extends(auditContext(currentAuditContext))`.
 *
 * @returns `undefined` outside any context
 */
export function currentAuditContext(): AuditContext | undefined {
  return storage.getStore() as AuditContext | undefined
}

/**
 * This module with the types of a project, and `runAsJob`. Call it once, beside the client:
 *
 *     import { type AuditContext, auditContext } from './generated/audit/index.js'
 *
 *     export const { runWithAuditContext, currentAuditContext, runAsJob } = asyncAuditContext<AuditContext>({ actor: 'username' })
 *     export const db = prisma.$extends(auditContext(currentAuditContext))
 *
 * All have one context, however often it is called and whatever copy of this package is loaded.
 */
export function asyncAuditContext<Context extends object = AuditContext>({
  actor,
}: AsyncAuditContextOptions<Context>): AsyncAuditContext<Context> {
  return {
    runWithAuditContext: runWithAuditContext as RunWithAuditContext<object>,
    currentAuditContext: currentAuditContext as () => Context | undefined,
    runAsJob: ((name: string, ...rest: [() => unknown] | [object, () => unknown]) => {
      const [settings, fn] = rest.length === 1 ? [{}, rest[0]] : rest
      return run({ ...checked(settings), [actor]: actorOf(name) }, fn)
    }) as RunAsJob<Context>,
  }
}

function run(context: object, fn: () => unknown) {
  if (typeof fn !== 'function')
    throw unusable(
      'The audit context needs a function to run.',
      'Give the function itself: () => work(), not work().',
    )
  return storage.run(Object.freeze(context), () => started(fn()))
}

/** Prisma's promises are lazy: they run when they are awaited, which would be outside. */
function started(result: unknown): unknown {
  if (!isThenable(result) || Object.getPrototypeOf(result) === Promise.prototype) return result
  return new Promise((resolve, reject) => result.then(resolve, reject))
}

function isThenable(result: unknown): result is PromiseLike<unknown> {
  return (
    typeof result === 'object' && result !== null && 'then' in result && typeof result.then === 'function'
  )
}

function checked(context: object): object {
  assertContext(context)
  return context
}

function actorOf(job: string): string {
  if (typeof job === 'string' && job !== '') return `job:${job}`
  throw unusable('A job must have a name.', "Say what it does: runAsJob('nightly-cleanup', …).")
}

function unusable(problem: string, hint: string): AuditContextError {
  return new AuditContextError('INVALID_CONTEXT', problem, { hint })
}
