import { baseFunction, renderBaseFunctions } from './base-functions.ts'
import { renderBaseGuard } from './base-guard.ts'
import { dollarQuoted, ident, join, literal, paragraphs, type Sql, sql, sqlText } from './sql.ts'

/** The first section of the first audit migration: the schema and the functions that all tables share. */
export function renderBaseSchema(schema: string, sqlVersion: number): Sql {
  return paragraphs([
    renderBaseGuard(schema, sqlVersion),
    renderBaseFunctions(schema),
    privateSchema(schema),
    privateFunctions(schema),
    openToWriters(schema),
  ])
}

/** The functions anew, with their rights; the schema as it is. */
export function renderBaseUpgrade(schema: string): Sql {
  return paragraphs([renderBaseFunctions(schema), privateFunctions(schema), openToWriters(schema)])
}

function privateSchema(schema: string): Sql {
  if (schema === 'public') return sql``
  const body = sql`DECLARE
  command text;
BEGIN
  FOR command IN
    SELECT DISTINCT pg_catalog.format(
      'REVOKE ALL ON SCHEMA %I FROM %s CASCADE',
      n.nspname,
      CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END
    )
    FROM pg_catalog.pg_namespace AS n
    CROSS JOIN LATERAL pg_catalog.aclexplode(n.nspacl) AS a
    WHERE n.nspname = ${literal(schema)} AND a.grantee <> n.nspowner
  LOOP
    EXECUTE command;
  END LOOP;
END`
  return sql`-- Whoever has rights by ALTER DEFAULT PRIVILEGES loses them: history is the owner's alone.
DO ${dollarQuoted(body)};`
}

function privateFunctions(schema: string): Sql {
  const functions = [
    sql`${baseFunction(schema, 'setContext')}(jsonb)`,
    sql`${baseFunction(schema, 'missingSetting')}(text, text)`,
    sql`${baseFunction(schema, 'appendOnly')}()`,
    sql`${baseFunction(schema, 'requireSource')}(text, text[])`,
    sql`${baseFunction(schema, 'keepPrivate')}(regclass[], regprocedure[])`,
  ].map((signature) => literal(sqlText(signature)))
  return sql`CALL ${baseFunction(schema, 'keepPrivate')}(
  '{}',
  ARRAY[
    ${join(functions, sql`,\n`)}
  ]::regprocedure[]
);`
}

/**
 * Every role may say who it writes for. USAGE on the schema opens nothing else: the tables and functions in it
 * have rights of their own, and their names stand in pg_class for all to read anyway.
 */
function openToWriters(schema: string): Sql {
  const usage = schema === 'public' ? sql`` : sql`GRANT USAGE ON SCHEMA ${ident(schema)} TO PUBLIC;\n`
  return sql`-- Every writer may set its context; nothing else in the schema is open to it.
${usage}GRANT EXECUTE ON FUNCTION ${baseFunction(schema, 'setContext')}(jsonb) TO PUBLIC;`
}
