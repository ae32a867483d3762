import { byteLength, MAX_IDENTIFIER_BYTES } from './model/names.ts'

/** Why PostgreSQL has no role of that name: it takes `public` for everybody and refuses `none`, in quotes too. */
export function roleNameProblem(role: string): string | undefined {
  return role === 'public' || role === 'none'
    ? 'PostgreSQL has no role of that name'
    : nameProblem(role, 'role')
}

/** Why PostgreSQL has nothing of that name, whatever it is. */
export function nameProblem(name: string, what: 'role' | 'database' | 'publication'): string | undefined {
  if (byteLength(name) > MAX_IDENTIFIER_BYTES) return `it is longer than ${MAX_IDENTIFIER_BYTES} bytes`
  return name === '' || name.includes('\0') ? `PostgreSQL has no ${what} of that name` : undefined
}
