import { VARIANT_NAMES, type VariantName, variantOf } from './variants.ts'

export interface TriggerRow {
  readonly workload: string
  readonly variant: VariantName
  /** Medians of the runs. */
  readonly ratioToBare: number
  readonly ratioToLimit: number
  /** Of each run. */
  readonly toBare: readonly number[]
  readonly toLimit: readonly number[]
  /** The median call. */
  readonly microseconds: number
  /** Absent where there is no history. */
  readonly bytesPerChange?: number
}

export interface TriggerReport {
  readonly machine: string
  readonly isBusy: boolean
  readonly runs: number
  readonly rows: readonly TriggerRow[]
}

export function renderTriggers(report: TriggerReport): string {
  const used = VARIANT_NAMES.filter((name) => report.rows.some(({ variant }) => variant === name))
  return [
    head(report, used),
    '## Against the physical limit',
    '',
    'How many times the limit it takes: the median of the runs, and the lowest and the highest.',
    '',
    ...table(
      report,
      used.filter((name) => name !== 'bare' && name !== 'limit'),
      ({ ratioToLimit, toLimit }) => `${ratioToLimit.toFixed(2)} (${span(toLimit)})`,
    ),
    '',
    '## Against the un-audited statement',
    '',
    ...table(report, used, ({ variant, microseconds, ratioToBare, toBare }) =>
      variant === 'bare' ? `${microseconds.toFixed(0)} µs` : `${ratioToBare.toFixed(2)} (${span(toBare)})`,
    ),
    '',
    '## Bytes of a recorded change',
    '',
    'The history and its indexes, over its rows.',
    '',
    ...table(
      report,
      used.filter((name) => name !== 'bare'),
      ({ bytesPerChange }) => bytesPerChange?.toFixed(0) ?? '',
    ),
  ].join('\n')
}

const warning = '\n**The machine had other work during this run: the ratios say little.**\n'

function head({ machine, isBusy, runs }: TriggerReport, used: readonly VariantName[]): string {
  return `# What the triggers cost

Each workload on tables that are recorded in different ways: \`pnpm bench triggers\` makes this page. Within one run of pgbench each
connection draws one of them at random for every statement, so that all meet the same machine and the same server; a ratio is that of
two medians of one run. Statements of 100000 rows take turns instead, in an order of chance, for a few rounds a run; those that take longest have one.
${runs} runs. \`synchronous_commit\` is off, so that the disk does not hide what is compared. What a whole audited
Prisma Client costs has [a page of its own](client.md).

Machine: ${machine}.
${isBusy ? warning : ''}
${used.map((name) => `- \`${name}\`: ${variantOf(name).says}`).join('\n')}
`
}

function table(
  { rows }: TriggerReport,
  variants: readonly VariantName[],
  cell: (row: TriggerRow) => string,
): readonly string[] {
  const workloads = [...new Set(rows.map(({ workload }) => workload))]
  const find = (workload: string, variant: VariantName) =>
    rows.find((row) => row.workload === workload && row.variant === variant)
  return [
    `| workload | ${variants.join(' | ')} |`,
    `|---|${variants.map(() => '---|').join('')}`,
    ...workloads.map((workload) => {
      const cells = variants.map((variant) => {
        const row = find(workload, variant)
        return row === undefined ? '' : cell(row)
      })
      return `| ${workload} | ${cells.join(' | ')} |`
    }),
  ]
}

function span(ratios: readonly number[]): string {
  return `${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)}`
}
