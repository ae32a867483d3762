export interface VerifyReport {
  readonly machine: string
  readonly auditRows: number
  readonly pageRows: number
  readonly readMs: number
  readonly sealMs: number
  readonly verifyMs: number
  /** Of the program, in bytes. */
  readonly memory: { readonly before: number; readonly afterSeal: number; readonly peak: number }
  readonly bytes: { readonly history: number; readonly seals: number }
}

export function renderVerifyReport(report: VerifyReport): string {
  const { machine, auditRows, pageRows, readMs, sealMs, verifyMs, memory, bytes } = report
  const line = (what: string, ms: number) =>
    `| ${what} | ${(ms / 1000).toFixed(1)} s | ${count((auditRows / ms) * 1000)} | ${(ms / readMs).toFixed(1)} |`
  const mb = (size: number) => `${Math.round(size / 2 ** 20)} MB`
  return [
    '# What sealing and verifying the history costs',
    '',
    `A history of ${count(auditRows)} rows with 19 columns, sealed in ranges of ${count(pageRows)}: \`pnpm bench verify\` makes this page. One connection, no parallel`,
    'query. The ratio is to reading all rows once as text on the same connection: `SELECT sum(hashtext(h::text)::bigint) FROM history AS h`.',
    '',
    `Machine: ${machine}.`,
    '',
    '| | time | rows a second | ratio |',
    '|---|---|---|---|',
    line('reading all rows once', readMs),
    line('`seal`, from nothing', sealMs),
    line('`verify`', verifyMs),
    '',
    `Memory of the program: ${mb(memory.before)} before, ${mb(memory.afterSeal)} after sealing, ${mb(memory.peak)} at most while verifying. Size on disk: history with its indexes`,
    `${mb(bytes.history)}, seals with their salts ${mb(bytes.seals)} (${(bytes.seals / auditRows).toFixed(1)} bytes a row).`,
  ].join('\n')
}

function count(value: number): string {
  return Math.round(value).toLocaleString('en')
}
