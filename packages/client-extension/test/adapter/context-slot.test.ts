import { AsyncLocalStorage } from 'node:async_hooks'
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises'
import { expect, test, vi } from 'vitest'
import { contextSlots } from '../../src/adapter/context-slot.ts'

/** Where the engine carries the context, as since Node 24, nothing is followed and there is nothing to put down. */
const putDown = '_enable' in AsyncLocalStorage.prototype ? 1 : 0
const settings = (user: string) => [['username', user]] as const

test('promises are followed while a write is under way, and not when none is: reads cost nothing then', async () => {
  const disable = vi.spyOn(AsyncLocalStorage.prototype, 'disable')
  const slots = contextSlots()
  const seen: unknown[] = []
  const write = (user: string, milliseconds: number) =>
    slots.single(settings(user), async () => {
      await sleep(milliseconds)
      seen.push(slots.take()?.values[0])
    })
  await Promise.all([write('ann', 30), write('bob', 60)])
  expect(disable).not.toHaveBeenCalled()
  await turn()
  await turn()
  expect(disable).toHaveBeenCalledTimes(putDown)
  expect(slots.take()).toBeUndefined()

  // One behind the other, without a turn in between: it is not put down and taken up for each.
  for (const user of ['cem', 'dora', 'eve']) await write(user, 0)
  await Promise.all([
    write('fay', 20),
    expect(write('gil', 5).then(() => Promise.reject(new Error('x')))).rejects.toThrow(),
  ])
  await turn()
  await turn()
  expect(seen).toEqual(['ann', 'bob', 'cem', 'dora', 'eve', 'gil', 'fay'])
  expect(slots.take()).toBeUndefined()
  disable.mockRestore()
})

test('an operation that throws at once is reported, and leaves nothing open', async () => {
  const disable = vi.spyOn(AsyncLocalStorage.prototype, 'disable')
  const slots = contextSlots()
  const failing = slots.single(settings('ann'), () => {
    throw new Error('at once')
  })
  await expect(failing).rejects.toThrow('at once')
  await turn()
  await turn()
  expect(disable).toHaveBeenCalledTimes(putDown)
  disable.mockRestore()
})
