/**
 * Whether a trigger is the one that a statement makes. PostgreSQL spells a trigger in its own way, with more parentheses,
 * casts that it adds by itself and fewer quotes: these say nothing here. Any other cast, and an operator of another schema, is
 * another condition.
 *
 * @param statement `CREATE TRIGGER …` as the generator writes it
 * @param definition as `pg_get_triggerdef` has it
 * @param bases of what the domains of the table's columns are made: PostgreSQL compares a domain as that
 */
export function isSameTrigger(statement: string, definition: string, bases: readonly string[]): boolean {
  const casts = [...ADDED, ...bases].map((type) => type.replaceAll(/[^\w ]/g, '\\$&')).join('|')
  const added = new RegExp(`::(?:${casts})(?![\\w.([])`, 'g')
  return essence(statement, added) === essence(definition, added)
}

/** What PostgreSQL compares varchar and cidr as. */
const ADDED = ['text', 'inet']

function essence(text: string, added: RegExp): string {
  return text
    .replaceAll(added, '')
    .replaceAll(/ COLLATE "C"/g, '')
    .replaceAll(/\b(OLD|NEW)\./g, (row) => row.toLowerCase())
    .replaceAll(/UPDATE OR DELETE OR TRUNCATE/g, 'DELETE OR UPDATE OR TRUNCATE')
    .replaceAll(/OPERATOR\(pg_catalog\.([^)\w]+)\)/g, '$1')
    .replaceAll(/[\s()"]/g, '')
}
