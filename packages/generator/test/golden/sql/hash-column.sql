-- prisma-generator-audit v1 from=a31ff97c01f42caf text=05b35464be5df819
-- {"kind":"retireColumn","source":{"schema":"public","name":"Order"},"column":"note"}
-- {"kind":"setAsideColumn","source":{"schema":"public","name":"Order"},"column":"note","as":"note__2"}
-- {"kind":"addColumn","source":{"schema":"public","name":"Order"},"column":{"name":"note","type":"text","policy":"hash"}}

SET LOCAL lock_timeout = '5000ms';
SET LOCAL search_path = pg_catalog, pg_temp;

-- Columns are hashed, each with a key of its own that stands in no migration.

CREATE TABLE IF NOT EXISTS "audit"."hash_key" (
  "history" regclass NOT NULL,
  "column_number" smallint NOT NULL,
  "key" bytea NOT NULL,
  "inner_key" bytea NOT NULL,
  "outer_key" bytea NOT NULL,
  "made" timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
  CONSTRAINT "hash_key_pkey" PRIMARY KEY ("history", "column_number")
);

DO $audit$
BEGIN
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = '"audit"."hash_key"'::regclass AND t.tgname = 'append_only'
  ) THEN
    CREATE TRIGGER "append_only"
      BEFORE UPDATE OR DELETE OR TRUNCATE ON "audit"."hash_key"
      FOR EACH STATEMENT EXECUTE FUNCTION "audit"."append_only"();
    ALTER TABLE "audit"."hash_key" ENABLE ALWAYS TRIGGER "append_only";
    -- The table is new: nobody but its owner has rights on it. Those that were given since are kept.
    CALL "audit"."keep_private"(ARRAY['"audit"."hash_key"'::regclass], '{}');
  END IF;
END
$audit$;

DO $audit$
BEGIN
  IF pg_catalog.obj_description('"audit"."hash_key"'::regclass, 'pg_class') IS NULL THEN
    COMMENT ON TABLE "audit"."hash_key" IS 'Keys of hashed columns: who reads them can test guesses';
  END IF;
END
$audit$;

CREATE OR REPLACE PROCEDURE "audit"."make_hash_key"(history_table regclass, column_name name)
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $audit$
DECLARE
  -- 366 bits from the strong random source of PostgreSQL, which gives them by no other function of its core.
  secret bytea := sha256(convert_to(concat(gen_random_uuid(), gen_random_uuid(), gen_random_uuid()), 'UTF8'));
  inner_key bytea := decode(repeat('36', 64), 'hex');
  outer_key bytea := decode(repeat('5c', 64), 'hex');
BEGIN
  FOR place IN 0..31 LOOP
    inner_key := set_byte(inner_key, place, get_byte(secret, place) # 54);
    outer_key := set_byte(outer_key, place, get_byte(secret, place) # 92);
  END LOOP;
  INSERT INTO "audit"."hash_key" ("history", "column_number", "key", "inner_key", "outer_key")
  VALUES (history_table, (
    SELECT c.objsubid::smallint
    FROM pg_get_object_address('table column', parse_ident(history_table::text) || column_name::text, '{}') AS c
  ), secret, inner_key, outer_key)
  ON CONFLICT DO NOTHING;
END
$audit$;

CREATE OR REPLACE FUNCTION "audit"."hash_value"(value anyelement, history_table regclass, column_name name)
  RETURNS text
  LANGUAGE plpgsql
  STRICT
  SET search_path = pg_catalog, pg_temp
  SET "DateStyle" = 'ISO', 'YMD'
  SET "IntervalStyle" = 'iso_8601'
  SET "TimeZone" = 'UTC'
  SET "extra_float_digits" = '1'
  SET "bytea_output" = 'hex'
  SET "lc_monetary" = 'C'
AS $audit$
DECLARE
  number CONSTANT smallint := (
    SELECT c.objsubid::smallint
    FROM pg_get_object_address('table column', parse_ident(history_table::text) || column_name::text, '{}') AS c
  );
  -- Beside a NULL of no type a domain is its base type.
  base CONSTANT regtype := pg_typeof(coalesce(value, NULL));
  written text := value::text;
  hashed text;
BEGIN
  -- 1.0 is 1.00, and minus zero is zero.
  IF base = 'numeric'::regtype THEN
    written := trim_scale(written::numeric)::text;
  ELSIF base IN ('float4'::regtype, 'float8'::regtype, 'float4[]'::regtype, 'float8[]'::regtype) THEN
    written := regexp_replace(written, '-0(?![0-9.])', '0', 'g');
  ELSIF base IN (
    'numeric[]'::regtype, 'numrange'::regtype, 'numrange[]'::regtype, 'nummultirange'::regtype, 'nummultirange[]'::regtype
  ) THEN
    written := regexp_replace(written, '([.][0-9]*[1-9])0+(?![0-9])|[.]0+(?![0-9])', E'\\1', 'g');
  ELSIF base = 'jsonb'::regtype AND written ~ '[.][0-9]*0' THEN
    written := regexp_replace(written, E'("(?:[^"\\\\]|\\\\.)*")|([.][0-9]*[1-9])0+(?![0-9])|[.]0+(?![0-9])', E'\\1\\2', 'g');
  END IF;
  FOR attempt IN 1..2 LOOP
    SELECT encode(sha256(k."outer_key" || sha256(k."inner_key" || convert_to(written, 'UTF8'))), 'hex')
    INTO hashed
    FROM "audit"."hash_key" AS k
    WHERE k."history" = history_table AND k."column_number" = number;
    IF FOUND THEN
      RETURN hashed;
    END IF;
    CALL "audit"."make_hash_key"(history_table, column_name);
  END LOOP;
  RAISE EXCEPTION USING
    ERRCODE = 'serialization_failure',
    MESSAGE = format('the key of %s.%I was made while this transaction ran', history_table, column_name),
    HINT = 'Run the transaction again.';
END
$audit$;

CALL "audit"."keep_private"(
  '{}',
  ARRAY[
    '"audit"."hash_value"(anyelement, regclass, name)',
    '"audit"."make_hash_key"(regclass, name)'
  ]::regprocedure[]
);

COMMIT;

SET LOCAL lock_timeout = '5000ms';
SET LOCAL search_path = pg_catalog, pg_temp;

-- History of "public"."Order"

DO $audit$
DECLARE
  patience CONSTANT text := pg_catalog.current_setting('lock_timeout');
  deadline CONSTANT timestamptz := pg_catalog.clock_timestamp() + patience::interval;
  command text;
BEGIN
  -- Run again after a later section failed, it finds its work done.
  IF
    (
      SELECT pg_catalog.count(*) FROM pg_catalog.pg_attribute AS a
      WHERE a.attrelid = pg_catalog.to_regclass('"audit"."Order_audit"')
        AND a.attname IN ('note__2')
        AND NOT a.attisdropped
    ) = 1
  THEN
    RETURN;
  END IF;
  -- No writer may be in the old functions meanwhile. A reader of the history stops none: its lock is tried for.
  LOOP
    BEGIN
      LOCK TABLE "public"."Order" IN SHARE ROW EXCLUSIVE MODE;
      PERFORM pg_catalog.set_config('lock_timeout', '100ms', true);
      LOCK TABLE "audit"."Order_audit" IN ACCESS EXCLUSIVE MODE;
      PERFORM pg_catalog.set_config('lock_timeout', patience, true);
      EXIT;
    EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
      IF patience <> '0' AND pg_catalog.clock_timestamp() > deadline THEN
        RAISE;
      END IF;
      PERFORM pg_catalog.pg_sleep(0.1);
    END;
  END LOOP;
END
$audit$;

COMMENT ON COLUMN "audit"."Order_audit"."note" IS 'Retired: kept for its history, written no more.';

DO $audit$
BEGIN
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = '"audit"."Order_audit"'::regclass AND a.attname = 'note__2' AND NOT a.attisdropped
  ) THEN
    ALTER TABLE "audit"."Order_audit" RENAME COLUMN "note" TO "note__2";
  END IF;
END
$audit$;

DO $audit$
BEGIN
  IF (
    SELECT pg_catalog.count(*) FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = '"audit"."Order_audit"'::regclass
      AND a.attname IN ('note')
      AND NOT a.attisdropped
  ) < 1 THEN
    ALTER TABLE "audit"."Order_audit"
      ADD COLUMN IF NOT EXISTS "note" text;
  END IF;
END
$audit$;
COMMENT ON COLUMN "audit"."Order_audit"."note" IS NULL;

CALL "audit"."make_hash_key"('"audit"."Order_audit"', 'note');

CREATE OR REPLACE FUNCTION "audit"."Order_audit_capture"()
  RETURNS trigger
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $audit$
#variable_conflict use_variable
DECLARE
  "audit_operation" CONSTANT text := left(TG_OP, 1);
  "audit_operation_timestamp" CONSTANT timestamptz := clock_timestamp();
  -- This function runs as its owner: who really writes is the session's user, or the role that it took.
  "audit_current_user" CONSTANT text := coalesce(nullif(current_setting('role'), 'none'), session_user);
  -- On a connection that has carried a value before, an absent setting is '' and not NULL.
  "audit_username" CONSTANT text := nullif(current_setting('audit.username', true), '');
BEGIN
  INSERT INTO "audit"."Order_audit" (
    "audit_operation",
    "audit_operation_timestamp",
    "audit_transaction_timestamp",
    "audit_current_user",
    "audit_transaction_id",
    "audit_username",
    "audit_app_uuid",
    "id",
    "status",
    "note"
  )
  SELECT
    "audit_operation",
    "audit_operation_timestamp",
    now(),
    "audit_current_user",
    (SELECT pg_current_xact_id()::text::bigint),
    coalesce("audit_username", "audit"."missing_setting"('audit.username', '"public"."Order"')),
    (SELECT nullif(current_setting('audit.app_uuid', true), '')::uuid),
    changed."id",
    changed."status"::text,
    "audit"."hash_value"(changed."note", '"audit"."Order_audit"', 'note')
  FROM changed;
  RETURN NULL;
END
$audit$;

CREATE OR REPLACE FUNCTION "audit"."Order_audit_key"()
  RETURNS trigger
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $audit$
#variable_conflict use_variable
DECLARE
  "audit_operation" CONSTANT text := 'D';
  "audit_operation_timestamp" CONSTANT timestamptz := clock_timestamp();
  -- This function runs as its owner: who really writes is the session's user, or the role that it took.
  "audit_current_user" CONSTANT text := coalesce(nullif(current_setting('role'), 'none'), session_user);
  -- On a connection that has carried a value before, an absent setting is '' and not NULL.
  "audit_username" CONSTANT text := nullif(current_setting('audit.username', true), '');
BEGIN
  INSERT INTO "audit"."Order_audit" (
    "audit_operation",
    "audit_operation_timestamp",
    "audit_transaction_timestamp",
    "audit_current_user",
    "audit_transaction_id",
    "audit_username",
    "audit_app_uuid",
    "id",
    "status",
    "note"
  )
  SELECT
    "audit_operation",
    "audit_operation_timestamp",
    now(),
    "audit_current_user",
    (SELECT pg_current_xact_id()::text::bigint),
    coalesce("audit_username", "audit"."missing_setting"('audit.username', '"public"."Order"')),
    (SELECT nullif(current_setting('audit.app_uuid', true), '')::uuid),
    OLD."id",
    OLD."status"::text,
    "audit"."hash_value"(OLD."note", '"audit"."Order_audit"', 'note');
  RETURN NULL;
END
$audit$;

CREATE OR REPLACE FUNCTION "audit"."Order_audit_truncate"()
  RETURNS trigger
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  SET row_security = off
AS $audit$
#variable_conflict use_variable
DECLARE
  "audit_operation" CONSTANT text := 'D';
  "audit_operation_timestamp" CONSTANT timestamptz := clock_timestamp();
  -- This function runs as its owner: who really writes is the session's user, or the role that it took.
  "audit_current_user" CONSTANT text := coalesce(nullif(current_setting('role'), 'none'), session_user);
  -- On a connection that has carried a value before, an absent setting is '' and not NULL.
  "audit_username" CONSTANT text := nullif(current_setting('audit.username', true), '');
BEGIN
  -- An older snapshot would not see the rows that others committed since: they would vanish without a trace.
  IF current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted') THEN
    RAISE EXCEPTION USING
      ERRCODE = 'AU003',
      MESSAGE = format(
        '%I.%I is audited: TRUNCATE is not allowed at isolation level %s',
        TG_TABLE_SCHEMA, TG_TABLE_NAME, upper(current_setting('transaction_isolation'))
      ),
      HINT = 'Run it at READ COMMITTED, or use DELETE.';
  END IF;
  INSERT INTO "audit"."Order_audit" (
    "audit_operation",
    "audit_operation_timestamp",
    "audit_transaction_timestamp",
    "audit_current_user",
    "audit_transaction_id",
    "audit_username",
    "audit_app_uuid",
    "id",
    "status",
    "note"
  )
  SELECT
    "audit_operation",
    "audit_operation_timestamp",
    now(),
    "audit_current_user",
    (SELECT pg_current_xact_id()::text::bigint),
    coalesce("audit_username", "audit"."missing_setting"('audit.username', '"public"."Order"')),
    (SELECT nullif(current_setting('audit.app_uuid', true), '')::uuid),
    changed."id",
    changed."status"::text,
    "audit"."hash_value"(changed."note", '"audit"."Order_audit"', 'note')
  FROM ONLY "public"."Order" AS changed;
  RETURN NULL;
END
$audit$;

CALL "audit"."keep_private"(
  '{}',
  ARRAY[
    '"audit"."Order_audit_capture"()',
    '"audit"."Order_audit_key"()',
    '"audit"."Order_audit_truncate"()'
  ]::regprocedure[]
);
