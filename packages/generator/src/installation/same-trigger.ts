/**
 * Whether a trigger is the one that a statement makes. PostgreSQL spells a trigger in its own way, with more parentheses,
 * casts that go without saying and fewer quotes: these say nothing here.
 *
 * @param statement `CREATE TRIGGER …` as the generator writes it
 * @param definition as `pg_get_triggerdef` has it
 */
export function isSameTrigger(statement: string, definition: string): boolean {
  return essence(statement) === essence(definition)
}

const CAST =
  /::(?:character varying|double precision|bit varying|(?:timestamp|time)(?:\(\d+\))? with(?:out)? time zone|(?:"[^"]+"|\w+)(?:\.(?:"[^"]+"|\w+))?)(?:\(\d+\))?(?:\[\])?/g

function essence(text: string): string {
  return text
    .replaceAll(CAST, '')
    .replaceAll(/ COLLATE "C"/g, '')
    .replaceAll(/\b(OLD|NEW)\./g, (row) => row.toLowerCase())
    .replaceAll(/UPDATE OR DELETE OR TRUNCATE/g, 'DELETE OR UPDATE OR TRUNCATE')
    .replaceAll(/OPERATOR\((?:\w+\.)?([^)\w]+)\)/g, '$1')
    .replaceAll(/[\s()"]/g, '')
}
