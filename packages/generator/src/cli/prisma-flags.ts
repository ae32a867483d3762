/** The value of a flag among Prisma's, whichever way it is written: `--name x`, `--name=x`, `-n x`. The last one wins. */
export function flagValue(args: readonly string[], ...names: readonly string[]): string | undefined {
  return split(args, names)
    .found.map(({ value }) => value)
    .at(-1)
}

export function hasFlag(args: readonly string[], name: string): boolean {
  return args.includes(name)
}

/** The arguments without some flags; `withValue` are those that take one. */
export function withoutFlags(
  args: readonly string[],
  {
    plain = [],
    withValue = [],
  }: { readonly plain?: readonly string[]; readonly withValue?: readonly string[] },
): readonly string[] {
  return split(args, withValue).rest.filter((arg) => !plain.includes(arg))
}

/** Those of the flags that every command of Prisma's knows. */
export function commonFlags(args: readonly string[]): readonly string[] {
  return ['--schema', '--config'].flatMap((name) => {
    const value = flagValue(args, name)
    return value === undefined ? [] : [name, value]
  })
}

function split(args: readonly string[], names: readonly string[]) {
  const found: { readonly name: string; readonly value: string | undefined }[] = []
  const rest: string[] = []
  for (let index = 0; index < args.length; index += 1) {
    const arg = args[index] ?? ''
    const joined = names.find((name) => arg.startsWith(`${name}=`))
    if (joined !== undefined) found.push({ name: joined, value: arg.slice(joined.length + 1) })
    else if (names.includes(arg)) {
      index += 1
      found.push({ name: arg, value: args[index] })
    } else rest.push(arg)
  }
  return { found, rest }
}
