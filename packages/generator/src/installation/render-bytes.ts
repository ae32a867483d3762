const UNITS = ['bytes', 'kB', 'MB', 'GB', 'TB'] as const

/** As `pg_size_pretty`: 1 kB is 1024 bytes. */
export function renderBytes(size: number): string {
  const power = Math.min(UNITS.length - 1, size < 1 ? 0 : Math.floor(Math.log2(size) / 10))
  return `${Math.round(size / 1024 ** power).toLocaleString('en-US')} ${UNITS[power]}`
}
