import type { QualifiedName } from './history-model.ts'

/** `"audit"."Order_audit"`, as `to_regclass` and messages have it. */
export function quotedName({ schema, name }: QualifiedName): string {
  return [schema, name].map((part) => `"${part.replaceAll('"', '""')}"`).join('.')
}
