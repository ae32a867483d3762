/** A migrations folder that cannot be read or written. The message names the path and says what to do. */
export class MigrationsFolderError extends Error {
  override readonly name = 'MigrationsFolderError'
}

/** Whether an error of the file system has one of these codes. */
export function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code))
}
