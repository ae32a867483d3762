import { expect, it } from 'vitest'
import { commonFlags, flagValue, withoutFlags } from '../../src/cli/prisma-flags.ts'

it.each([
  [['--name', 'x'], 'x'],
  [['-n', 'x'], 'x'],
  [['--name=x=y'], 'x=y'],
  [['--name='], ''],
  [['--name', 'x', '--name=y'], 'y'],
  [['--schema', 's', '--name', '--create-only'], '--create-only'],
  [['--names', 'x'], undefined],
  [['--name'], undefined],
  [[], undefined],
])('the name in %j is %j, as Prisma reads it', (args, name) => {
  expect(flagValue(args, '--name', '-n')).toBe(name)
})

it('flags are taken out with their values, and all others keep their order', () => {
  const args = [
    '--schema',
    'a b.prisma',
    '-n',
    'x',
    '--create-only',
    '--name=y',
    '--config=c.ts',
    '--url',
    'u',
  ]
  expect(withoutFlags(args, { plain: ['--create-only'], withValue: ['--name', '-n'] })).toEqual([
    '--schema',
    'a b.prisma',
    '--config=c.ts',
    '--url',
    'u',
  ])
})

it('the flags that every command of Prisma knows are passed on to each', () => {
  expect(commonFlags(['--name', 'x', '--config=c.ts', '--schema', 's'])).toEqual([
    '--schema',
    's',
    '--config',
    'c.ts',
  ])
})
