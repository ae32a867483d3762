/**
 * The type that a value is compared as: without its limits, for an explicit cast cuts a text and rounds a number in silence, and
 * `char` and `bit` alone are of length one.
 */
export function comparedType(dbType: string): string {
  const bare = dbType.replace(/\s*\([^)]*\)/, '')
  return bare.replace(/^char\b/, 'bpchar').replace(/^bit\b/, 'varbit')
}
