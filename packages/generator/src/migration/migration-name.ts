import { MigrationsFolderError } from './migrations-folder-error.ts'

/**
 * The name of a new migration directory, `<YYYYMMDDHHMMSS>_audit_<slug>` in UTC: now, or one second after the
 * newest migration where that lies ahead, so that the new one sorts last.
 *
 * @throws MigrationsFolderError where no time stamp sorts after `newest`.
 */
export function migrationName(slug: string, now: Date, newest: string | undefined): string {
  const own = timeStamp(now)
  const other = /^\d{14}(?!\d)/.exec(newest ?? '')?.[0]
  const stamp = other !== undefined && other >= own ? nextSecond(other) : own
  const name = `${stamp}_audit_${slug}`
  if (newest !== undefined && newest.localeCompare(name) >= 0) {
    throw new MigrationsFolderError(
      `The migration ${newest} sorts after every time stamp, so no migration can follow it. Rename it to <YYYYMMDDHHMMSS>_<name>.`,
    )
  }
  return name
}

/** "Now" for the names of migrations: `SOURCE_DATE_EPOCH` (seconds) where it is set, for reproducible builds. */
export function migrationTime(env: Readonly<Record<string, string | undefined>>): Date {
  const epoch = env.SOURCE_DATE_EPOCH
  return epoch !== undefined && /^\d{1,11}$/.test(epoch) ? new Date(Number(epoch) * 1000) : new Date()
}

function timeStamp(date: Date): string {
  return date.toISOString().replace(/[-:T]/g, '').slice(0, 14)
}

function nextSecond(stamp: string): string {
  const [, year, month, day, hour, minute, second] =
    /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(stamp) ?? []
  const date = new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
  // Stamps made by hand need not be dates; then the next number has to do.
  const isDate = !Number.isNaN(date.getTime()) && timeStamp(date) === stamp
  return isDate ? timeStamp(new Date(date.getTime() + 1000)) : String(BigInt(stamp) + 1n).padStart(14, '0')
}
