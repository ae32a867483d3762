import type { Estimate } from '../client/ratio.ts'

export interface HistoryRow {
  readonly question: string
  readonly says: string
  readonly against: string
  readonly ratio: Estimate
  readonly rounds: number
}

export interface HistoryReport {
  readonly machine: string
  readonly auditRows: number
  readonly rows: readonly HistoryRow[]
  readonly plans: readonly { readonly says: string; readonly statement: string; readonly plan: string }[]
}

export function renderHistoryReport({ machine, auditRows, rows, plans }: HistoryReport): string {
  return [
    '# What reading the history costs',
    '',
    `A history of ${auditRows.toLocaleString('en')} rows, 20 versions of each row of the table, which lie far apart: \`pnpm bench history\` makes this`,
    'page. Each round asks every question about a row, a set and a moment that are drawn at random, in an order that is drawn too; a ratio is',
    'the median of those of single rounds, with its 95 % interval. All through Prisma Client.',
    '',
    `Machine: ${machine}.`,
    '',
    '| question | against | ratio | 95 % | rounds |',
    '|---|---|---|---|---|',
    ...rows.map(
      ({ says, against, ratio, rounds }) =>
        `| ${says} | ${against} | ${figure(ratio.median)} | ${figure(ratio.low)}–${figure(ratio.high)} | ${rounds} |`,
    ),
    '',
    '## Plans',
    ...plans.flatMap(({ says, statement, plan }) => [
      '',
      `### ${says}`,
      '',
      '```sql',
      statement,
      '```',
      '',
      '```',
      plan,
      '```',
    ]),
  ].join('\n')
}

function figure(value: number): string {
  return value.toFixed(2)
}
