import type { AuditHome } from '../state/database-state.ts'
import { baseFunction } from './base-functions.ts'
import { HASH_KEY_COLUMNS, hashKeys } from './hash-key-table.ts'
import { auditTable } from './look-first.ts'
import { pinnedOutput } from './pinned-output.ts'
import { dollarQuoted, ident, literal, paragraphs, type Sql, sql } from './sql.ts'

/** The function that hashes, and the procedure that makes a column's key. */
export function renderHashFunctions(home: AuditHome): Sql {
  return paragraphs([makeHashKey(home), hashValue(home)])
}

/** Each of them with its argument types, the one that is called by the other last. */
export function hashSignatures(home: AuditHome): readonly Sql[] {
  return [
    sql`${baseFunction(home, 'hashValue')}(anyelement, regclass, name)`,
    sql`${baseFunction(home, 'makeHashKey')}(regclass, name)`,
  ]
}

/**
 * The column's number as the catalog has it now. A query of `pg_attribute` sees it as the transaction's snapshot does: at REPEATABLE
 * READ that may be older than the migration that renamed the column, and the key of another one would be taken.
 */
function columnNumber(): Sql {
  return sql`(
  SELECT c.objsubid::smallint
  FROM pg_get_object_address('table column', parse_ident(history_table::text) || column_name::text, '{}') AS c
)`
}

/**
 * Called by migrations. HMAC (RFC 2104) takes the key twice, padded with zeros to the 64 bytes of a block of SHA-256 and
 * combined with one byte each; both are kept, so that no write has to do that.
 */
function makeHashKey(home: AuditHome): Sql {
  const c = HASH_KEY_COLUMNS
  const body = sql`DECLARE
  -- 366 bits from the strong random source of PostgreSQL, which gives them by no other function of its core.
  secret bytea := sha256(convert_to(concat(gen_random_uuid(), gen_random_uuid(), gen_random_uuid()), 'UTF8'));
  inner_key bytea := decode(repeat('36', 64), 'hex');
  outer_key bytea := decode(repeat('5c', 64), 'hex');
BEGIN
  FOR place IN 0..31 LOOP
    inner_key := set_byte(inner_key, place, get_byte(secret, place) # 54);
    outer_key := set_byte(outer_key, place, get_byte(secret, place) # 92);
  END LOOP;
  INSERT INTO ${auditTable(hashKeys(home))} (${ident(c.history)}, ${ident(c.column)}, ${ident(c.key)}, ${ident(c.innerKey)}, ${ident(c.outerKey)})
  VALUES (history_table, ${columnNumber()}, secret, inner_key, outer_key)
  ON CONFLICT DO NOTHING;
END`
  return sql`CREATE OR REPLACE PROCEDURE ${baseFunction(home, 'makeHashKey')}(history_table regclass, column_name name)
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS ${dollarQuoted(body)};`
}

/** Zeros at the end of a number, with the point where nothing else is behind it; what comes before them is kept. */
const ZEROS = '([.][0-9]*[1-9])0+(?![0-9])|[.]0+(?![0-9])'
const JSON_STRING = String.raw`("(?:[^"\\]|\\.)*")`

/**
 * PL/pgSQL that makes one text of those in which PostgreSQL writes equal values; the text of a value that has no zero too many is
 * left as it is. What is not looked at here stands in docs/sql.md. In strings of JSON numbers are letters.
 */
function writtenAlike(): Sql {
  return sql`-- 1.0 is 1.00, and minus zero is zero.
IF base = 'numeric'::regtype THEN
  written := trim_scale(written::numeric)::text;
ELSIF base IN ('float4'::regtype, 'float8'::regtype, 'float4[]'::regtype, 'float8[]'::regtype) THEN
  written := regexp_replace(written, '-0(?![0-9.])', '0', 'g');
ELSIF base IN (
  'numeric[]'::regtype, 'numrange'::regtype, 'numrange[]'::regtype, 'nummultirange'::regtype, 'nummultirange[]'::regtype
) THEN
  written := regexp_replace(written, ${literal(ZEROS)}, ${literal(String.raw`\1`)}, 'g');
ELSIF base = 'jsonb'::regtype AND written ~ '[.][0-9]*0' THEN
  written := regexp_replace(written, ${literal(`${JSON_STRING}|${ZEROS}`)}, ${literal(String.raw`\1\2`)}, 'g');
END IF;`
}

/**
 * Called by the capture functions, and by the owner to look for a value. The key never leaves the query, so that neither a
 * parameter nor a plan in the server's log shows it. A key that is gone is made anew: no write fails for it.
 */
function hashValue(home: AuditHome): Sql {
  const c = HASH_KEY_COLUMNS
  const body = sql`DECLARE
  number CONSTANT smallint := ${columnNumber()};
  -- Beside a NULL of no type a domain is its base type.
  base CONSTANT regtype := pg_typeof(coalesce(value, NULL));
  written text := value::text;
  hashed text;
BEGIN
  ${writtenAlike()}
  FOR attempt IN 1..2 LOOP
    SELECT encode(sha256(k.${ident(c.outerKey)} || sha256(k.${ident(c.innerKey)} || convert_to(written, 'UTF8'))), 'hex')
    INTO hashed
    FROM ${auditTable(hashKeys(home))} AS k
    WHERE k.${ident(c.history)} = history_table AND k.${ident(c.column)} = number;
    IF FOUND THEN
      RETURN hashed;
    END IF;
    CALL ${baseFunction(home, 'makeHashKey')}(history_table, column_name);
  END LOOP;
  RAISE EXCEPTION USING
    ERRCODE = 'serialization_failure',
    MESSAGE = format('the key of %s.%I was made while this transaction ran', history_table, column_name),
    HINT = 'Run the transaction again.';
END`
  return sql`CREATE OR REPLACE FUNCTION ${baseFunction(home, 'hashValue')}(value anyelement, history_table regclass, column_name name)
  RETURNS text
  LANGUAGE plpgsql
  STRICT
  SET search_path = pg_catalog, pg_temp
  ${pinnedOutput()}
AS ${dollarQuoted(body)};`
}
