import type { AuditHome } from '../state/database-state.ts'
import { baseFunction } from './base-functions.ts'
import { HASH_KEY_COLUMNS, hashKeys } from './hash-key-table.ts'
import { auditTable } from './look-first.ts'
import { pinnedOutput } from './pinned-output.ts'
import { dollarQuoted, ident, paragraphs, type Sql, sql } from './sql.ts'

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
  SELECT a.attrelid, a.attnum, secret, inner_key, outer_key
  FROM pg_attribute AS a
  WHERE a.attrelid = history_table AND a.attname = column_name AND NOT a.attisdropped
  ON CONFLICT DO NOTHING;
END`
  return sql`CREATE OR REPLACE PROCEDURE ${baseFunction(home, 'makeHashKey')}(history_table regclass, column_name name)
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS ${dollarQuoted(body)};`
}

/**
 * Called by the capture functions, and by the owner to look for a value. The key never leaves the query, so that neither a
 * parameter nor a plan in the server's log shows it. A key that is gone is made anew: no write fails for it.
 */
function hashValue(home: AuditHome): Sql {
  const c = HASH_KEY_COLUMNS
  const body = sql`DECLARE
  written text := value::text;
  hashed text;
BEGIN
  -- 1.0 is 1.00, and minus zero is zero.
  IF pg_typeof(value) = 'numeric'::regtype THEN
    written := trim_scale(written::numeric)::text;
  ELSIF written = '-0' AND pg_typeof(value) IN ('float4'::regtype, 'float8'::regtype) THEN
    written := '0';
  END IF;
  FOR attempt IN 1..2 LOOP
    SELECT encode(sha256(k.${ident(c.outerKey)} || sha256(k.${ident(c.innerKey)} || convert_to(written, 'UTF8'))), 'hex')
    INTO hashed
    FROM pg_attribute AS a
    JOIN ${auditTable(hashKeys(home))} AS k ON k.${ident(c.history)} = a.attrelid AND k.${ident(c.column)} = a.attnum
    WHERE a.attrelid = history_table AND a.attname = column_name AND NOT a.attisdropped;
    IF FOUND THEN
      RETURN hashed;
    END IF;
    CALL ${baseFunction(home, 'makeHashKey')}(history_table, column_name);
  END LOOP;
  RAISE EXCEPTION USING
    ERRCODE = 'undefined_column',
    MESSAGE = format('%s has no column %I', history_table, column_name),
    HINT = 'Name the audit table and its column.';
END`
  return sql`CREATE OR REPLACE FUNCTION ${baseFunction(home, 'hashValue')}(value anyelement, history_table regclass, column_name name)
  RETURNS text
  LANGUAGE plpgsql
  STRICT
  SET search_path = pg_catalog, pg_temp
  ${pinnedOutput()}
AS ${dollarQuoted(body)};`
}
