import type { Failure, Figure } from './figures.ts'
import { type OperationName, operationNames } from './operation.ts'
import { median } from './ratio.ts'
import { type Variant, type VariantName, variantNames, variants } from './variant.ts'

export interface Report {
  readonly machine: string
  /** Whether the machine had more to do than it has processors when the run began. */
  readonly isBusy: boolean
  /** Ratios to the bare client on the audited tables. */
  readonly rows: readonly Figure[]
  /** Ratios to the bare client on tables without an audit. */
  readonly whole: readonly Figure[]
  /** Without the proxy between. */
  readonly direct: readonly Figure[]
  /** Microseconds that it takes to make one extended client, in several turns. */
  readonly extend: readonly { readonly variant: VariantName; readonly microseconds: readonly number[] }[]
  readonly failures: readonly Failure[]
  /** What ran, and left rows without the caller's name. */
  readonly nameless: readonly { readonly op: OperationName; readonly variant: VariantName }[]
  readonly rounds: { readonly atOnce: number; readonly later: number }
}

const compared = [
  'layer-1',
  'fast-path',
  'official',
  'empty-extension',
  'empty-hook',
  'async-context',
] as const

export function renderReport(report: Report): string {
  return [
    head(report),
    ...[0, 1].flatMap((latency) => ratios(report, latency)),
    ...withoutProxy(report),
    ...clientWork(report),
    ...percentiles(report),
    ...roundTrips(report),
    ...perRequest(report),
    ...wholeCost(report),
    ...notes(report),
  ].join('\n')
}

const warning = `
**The machine had other work during this run: the round trips hold, the ratios and their wide intervals say little.**
`

function head({ machine, isBusy, rounds }: Report): string {
  const used = variantNames.map((name) => `- \`${name}\`: ${(variants[name] as Variant).says}`)
  return `# What an audited Prisma Client costs

Ratios to the bare client within one run: \`pnpm bench client\` makes this page. Each variant is a process of its own with one
connection. In each round all run the same operation one behind the other, in an order of chance; a figure is the median of the
rounds' ratios and, in brackets, its 95 % interval. Between client and server lies a TCP proxy in a process of its own; it counts
round trips and adds nothing (0 ms) or a millisecond to each. The bare client writes to the same audited tables and the
same triggers record that nobody was named, so a ratio is about the client alone.

Machine: ${machine}; ${rounds.atOnce} rounds of 5 calls at 0 ms, ${rounds.later} of 3 at +1 ms.
${isBusy ? warning : ''}
${used.join('\n')}
`
}

function ratios({ rows }: Report, latency: number): readonly string[] {
  const at = rows.filter(({ latencyMs }) => latencyMs === latency)
  const line = (op: OperationName) => [
    op,
    milliseconds(find(at, op, 'bare')),
    ...compared.map((variant) => interval(find(at, op, variant))),
  ]
  return [
    `## At ${latency === 0 ? '0' : '+1'} ms`,
    '',
    table(['operation', 'bare, ms', ...compared], operationsOf(at).map(line)),
  ]
}

function withoutProxy({ direct }: Report): readonly string[] {
  const line = (op: OperationName) => [
    op,
    milliseconds(find(direct, op, 'bare')),
    ...compared.map((variant) => interval(find(direct, op, variant))),
  ]
  if (direct.length === 0) return []
  return [
    '## Without the proxy',
    '',
    table(['operation', 'bare, ms', ...compared], operationsOf(direct).map(line)),
  ]
}

function clientWork({ rows }: Report): readonly string[] {
  const at = rows.filter(({ latencyMs }) => latencyMs === 0)
  const line = (op: OperationName) => [
    op,
    ...compared.map((variant) => {
      const found = find(at, op, variant)
      return found === undefined ? '' : spread(found.workRatio, found.workLow, found.workHigh)
    }),
  ]
  return [
    "## The client's own work",
    '',
    "Ratios of the processor time of the client's process, at 0 ms: the part of the cost that no network hides, and that a busy machine blurs least.",
    '',
    table(['operation', ...compared], operationsOf(at).map(line)),
  ]
}

function percentiles({ rows }: Report): readonly string[] {
  const line = (op: OperationName) => [
    op,
    ...[0, 1].flatMap((latency) =>
      (['layer-1', 'fast-path', 'official'] as const).map((variant) => {
        const found = find(
          rows.filter(({ latencyMs }) => latencyMs === latency),
          op,
          variant,
        )
        return found === undefined ? '' : found.p95Ratio.toFixed(2)
      }),
    ),
  ]
  const heads = ['0 ms', '+1 ms'].flatMap((at) =>
    ['layer-1', 'fast-path', 'official'].map((v) => `${v}, ${at}`),
  )
  return [
    '## 95th percentiles',
    '',
    'Ratios of the two 95th percentiles of all calls.',
    '',
    table(['operation', ...heads], operationsOf(rows).map(line)),
  ]
}

function roundTrips({ rows }: Report): readonly string[] {
  const near = rows.filter(({ latencyMs }) => latencyMs === 0)
  const shown = variantNames.filter(
    (name) =>
      !['unaudited', 'empty-extension', 'async-context'].includes(name) &&
      near.some(({ variant }) => variant === name),
  )
  const line = (op: OperationName) => [
    op,
    ...shown.map((variant) => String(find(near, op, variant)?.roundTrips ?? '')),
  ]
  return ['## Round trips', '', table(['operation', ...shown], operationsOf(near).map(line))]
}

function perRequest({ extend }: Report): readonly string[] {
  const lines = extend
    .filter(({ variant }) => !['bare', 'unaudited', 'async-context'].includes(variant))
    .map(({ variant, microseconds }) => [variant, median(microseconds).toFixed(0)])
  return [
    '## `$extends` for each request',
    '',
    'What it takes to make one extended client, without a use of it; the operation `$extends and create` has the first use too.',
    '',
    table(['variant', 'microseconds'], lines),
  ]
}

function wholeCost({ whole }: Report): readonly string[] {
  if (whole.length === 0) return []
  const shown = variantNames.filter(
    (name) =>
      !['unaudited', 'empty-extension', 'empty-hook', 'async-context'].includes(name) &&
      whole.some(({ variant }) => variant === name),
  )
  const lines = [0, 1].flatMap((latency) => {
    const at = whole.filter(({ latencyMs }) => latencyMs === latency)
    return operationsOf(at).map((op) => [
      op,
      latency === 0 ? '0' : '+1',
      ...shown.map((variant) => interval(find(at, op, variant))),
    ])
  })
  return [
    '## The whole cost, triggers included',
    '',
    'Ratios to the bare client on the same tables without an audit. What a trigger costs has a page of its own: [triggers.md](triggers.md).',
    '',
    table(['operation', 'ms', ...shown], lines),
  ]
}

function notes({ failures, nameless }: Report): readonly string[] {
  const failed = [...grouped(failures, ({ variant, error }) => `\`${variant}\`: ${error}`)]
  const lost = [...grouped(nameless, ({ variant }) => `\`${variant}\``)]
  return [
    ...section(
      '## What does not run',
      failed.map(([what, of]) => `- ${what} (${whichOps(of)})`),
    ),
    ...section(
      "## What runs, and leaves rows without the caller's name",
      lost.map(([what, of]) => `- ${what}: ${whichOps(of)}`),
    ),
  ]
}

function section(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : [title, '', ...lines, '']
}

function grouped<Item>(items: readonly Item[], key: (item: Item) => string): Map<string, Item[]> {
  const groups = new Map<string, Item[]>()
  for (const item of items) groups.set(key(item), [...(groups.get(key(item)) ?? []), item])
  return groups
}

function whichOps(of: readonly { readonly op: OperationName }[]): string {
  const ops = new Set(of.map(({ op }) => op))
  return ops.size === operationNames.length ? 'every operation' : [...ops].join('; ')
}

function find(figures: readonly Figure[], op: OperationName, variant: VariantName): Figure | undefined {
  return figures.find((figure) => figure.op === op && figure.variant === variant)
}

function operationsOf(figures: readonly Figure[]): readonly OperationName[] {
  return operationNames.filter((name) => figures.some(({ op }) => op === name))
}

function interval(figure: Figure | undefined): string {
  if (figure === undefined) return ''
  return spread(figure.p50Ratio, figure.p50Low, figure.p50High)
}

function spread(middle: number, low: number, high: number): string {
  return `${middle.toFixed(2)} (${low.toFixed(2)}–${high.toFixed(2)})`
}

function milliseconds(figure: Figure | undefined): string {
  return figure === undefined ? '' : figure.p50Ms.toFixed(2)
}

function table(heads: readonly string[], lines: readonly (readonly string[])[]): string {
  const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [row(heads), `|${'---|'.repeat(heads.length)}`, ...lines.map(row), ''].join('\n')
}
