import type { QualifiedName } from '../model/names.ts'
import { ident, qualified, sql, sqlText } from './sql.ts'

/** What a person may write in place of Prisma's DROP COLUMN and ADD COLUMN: `ALTER TABLE … RENAME COLUMN "a" TO "b";`. */
export function renderRenameColumn(source: QualifiedName, column: string, to: string): string {
  return sqlText(sql`ALTER TABLE ${qualified(source)} RENAME COLUMN ${ident(column)} TO ${ident(to)};`)
}
