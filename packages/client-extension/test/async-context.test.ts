import { AsyncResource } from 'node:async_hooks'
import { EventEmitter } from 'node:events'
import { createRequire } from 'node:module'
import { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { asyncAuditContext, currentAuditContext, runWithAuditContext } from '../src/async-context.ts'
import type { AuditContext } from '../src/index.ts'

const { runAsJob } = asyncAuditContext({ actor: 'username' })
const never = () => expect.unreachable()

describe('runWithAuditContext', () => {
  test('gives what the function gives: a value, a promise, an error', async () => {
    expect(runWithAuditContext({ username: 'ann' }, () => currentAuditContext())).toEqual({ username: 'ann' })
    const promise = Promise.resolve(1)
    expect(runWithAuditContext({ username: 'ann' }, () => promise)).toBe(promise)
    const failure = new Error('of the function')
    const failing = () => {
      throw failure
    }
    expect(() => runWithAuditContext({ username: 'ann' }, failing)).toThrow(failure)
    await expect(runWithAuditContext({}, () => Promise.reject(failure))).rejects.toBe(failure)
    expect(currentAuditContext()).toBeUndefined()
  })

  test('lays an inner context over the outer one, which stays as it is', () => {
    runWithAuditContext({ username: 'ann', reason: 'outer' }, () => {
      const outer = currentAuditContext()
      runWithAuditContext({ reason: 'inner', request: 7 }, () => {
        expect(currentAuditContext()).toEqual({ username: 'ann', reason: 'inner', request: 7 })
      })
      expect(currentAuditContext()).toBe(outer)
      expect(outer).toEqual({ username: 'ann', reason: 'outer' })
    })
  })

  test.each([undefined, null, ''])('with %j inside takes a setting of the outer context away', (nothing) => {
    runWithAuditContext({ username: 'ann', reason: 'outer' }, () =>
      runWithAuditContext({ username: nothing }, () => {
        expect(currentAuditContext()).toEqual({ username: nothing, reason: 'outer' })
        expect(currentAuditContext()).toHaveProperty('username')
      }),
    )
  })

  test('keeps a frozen copy, so that nobody changes the context of what is running', () => {
    const given = { username: 'ann' }
    runWithAuditContext(given, () => {
      given.username = 'bob'
      const current = currentAuditContext() as Record<string, unknown>
      expect(current).toEqual({ username: 'ann' })
      expect(() => Object.assign(current, { username: 'bob' })).toThrow(TypeError)
    })
  })

  test.each([
    ['a promise', Promise.resolve({ username: 'bob' })],
    ['an array', [{ username: 'bob' }]],
    ['nothing', undefined],
    ['a name', 'bob'],
  ])('refuses %s as a context, rather than to go on with the outer one', (_, context) => {
    const call = () => runWithAuditContext(context as unknown as AuditContext, never)
    expect(() => runWithAuditContext({ username: 'ann' }, call)).toThrow(
      expect.objectContaining({ name: 'AuditContextError', code: 'INVALID_CONTEXT' }),
    )
  })

  test('says what is wrong when it is given the call in place of the function', () => {
    const called = Promise.resolve() as unknown as () => void
    expect(() => runWithAuditContext({ username: 'ann' }, called)).toThrow(
      expect.objectContaining({ code: 'INVALID_CONTEXT', hint: expect.stringContaining('() => work()') }),
    )
  })
})

describe('the context survives', () => {
  const seen = () => currentAuditContext()?.username
  const ways: readonly (readonly [string, () => Promise<unknown>])[] = [
    ['await', async () => [await null, seen()][1]],
    ['a timer', () => new Promise((resolve) => setTimeout(() => resolve(seen()), 5))],
    ['setImmediate', () => new Promise((resolve) => setImmediate(() => resolve(seen())))],
    ['process.nextTick', () => new Promise((resolve) => process.nextTick(() => resolve(seen())))],
    ['queueMicrotask', () => new Promise((resolve) => queueMicrotask(() => resolve(seen())))],
    [
      'Promise.all',
      async () => {
        const all = await Promise.all([1, 2, 3].map((time) => delay(time).then(seen)))
        return new Set([...all, seen()]).size === 1 ? all[0] : all
      },
    ],
    [
      'a stream that is read with for await',
      async () => {
        const users = new Set<unknown>()
        for await (const _ of Readable.from([1, 2, 3])) users.add(seen())
        return users.size === 1 ? [...users][0] : users
      },
    ],
    [
      "a stream's events",
      () =>
        new Promise((resolve) => {
          Readable.from([1])
            .on('data', () => undefined)
            .on('end', () => resolve(seen()))
        }),
    ],
  ]

  test.each(ways)('%s, in thirty callers at once', async (_, way) => {
    const users = Array.from({ length: 30 }, (__, index) => `user ${index}`)
    expect(await Promise.all(users.map((username) => runWithAuditContext({ username }, way)))).toEqual(users)
  })
})

test('the handler of an event runs in the context of what emits it, unless it is bound', () => {
  const emitter = new EventEmitter()
  const seen: unknown[] = []
  const handler = () => seen.push(currentAuditContext()?.username)
  runWithAuditContext({ username: 'ann' }, () => {
    emitter.on('data', handler)
    emitter.on('data', AsyncResource.bind(handler))
  })
  emitter.emit('data')
  runWithAuditContext({ username: 'bob' }, () => emitter.emit('data'))
  expect(seen).toEqual([undefined, 'ann', 'bob', 'ann'])
})

describe('runAsJob', () => {
  test('names the job as the actor, with what else it says', () => {
    expect(runAsJob('nightly-cleanup', currentAuditContext)).toEqual({ username: 'job:nightly-cleanup' })
    const settings = { reason: 'retention', username: 'ann' }
    expect(runAsJob('nightly-cleanup', settings, currentAuditContext)).toEqual({
      username: 'job:nightly-cleanup',
      reason: 'retention',
    })
  })

  test('inherits nothing of the request that starts it, which goes on as before', () => {
    runWithAuditContext({ username: 'ann', reason: 'her request' }, () => {
      expect(runAsJob('send-mails', currentAuditContext)).toEqual({ username: 'job:send-mails' })
      expect(currentAuditContext()).toEqual({ username: 'ann', reason: 'her request' })
    })
  })

  test('may be narrowed inside like any context', () => {
    const inside = () => runWithAuditContext({ reason: 'one of them' }, () => currentAuditContext())
    expect(runAsJob('send-mails', inside)).toEqual({ username: 'job:send-mails', reason: 'one of them' })
  })

  test.each(['', undefined, 7])('refuses a job without a name: %j', (name) => {
    expect(() => runAsJob(name as string, never)).toThrow(
      expect.objectContaining({ code: 'INVALID_CONTEXT', message: 'A job must have a name.' }),
    )
  })
})

test('the ES module and the CommonJS build in one process share one context', async () => {
  const name = 'prisma-extension-audit/async-context'
  const esm: typeof import('../src/async-context.ts') = await import(name)
  const cjs: typeof esm = createRequire(import.meta.url)(name)
  expect(cjs.runWithAuditContext).not.toBe(esm.runWithAuditContext)
  const both = () => [esm.currentAuditContext(), cjs.currentAuditContext(), currentAuditContext()]
  for (const { runWithAuditContext: runIn } of [esm, cjs]) {
    const inner = runIn({ username: 'ann' }, () => cjs.runWithAuditContext({ reason: 'both' }, both))
    expect(inner).toEqual(Array.from({ length: 3 }, () => ({ username: 'ann', reason: 'both' })))
  }
})
