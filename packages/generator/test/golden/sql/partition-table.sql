-- prisma-generator-audit v1 from=15a28bebfff21268 text=9aaf461559167c71
-- {"kind":"changeLevel","source":{"schema":"public","name":"Order"},"level":"row","updates":"all"}
-- {"kind":"resumeTable","source":{"schema":"public","name":"Order"},"replaced":{"schema":"public","name":"Order_p1"}}

SET LOCAL lock_timeout = '5000ms';
SET LOCAL search_path = pg_catalog, pg_temp;

-- History of "public"."Order"

DO $audit$
DECLARE
  patience CONSTANT text := pg_catalog.current_setting('lock_timeout');
  deadline CONSTANT timestamptz := pg_catalog.clock_timestamp() + patience::interval;
  command text;
BEGIN
  IF
    EXISTS (
      SELECT FROM pg_catalog.pg_trigger AS t
      JOIN pg_catalog.pg_proc AS f ON f.oid = t.tgfoid
      WHERE t.tgrelid = pg_catalog.to_regclass('"public"."Order"')
        AND t.tgname = 'audit_insert'
        AND f.oid = pg_catalog.to_regprocedure('"audit"."Order_audit_capture_row"()')
        AND pg_catalog.strpos(pg_catalog.regexp_replace(f.prosrc, '[ \r\n]+', ' ', 'g'), 'INSERT INTO "audit"."Order_audit" ( "audit_operation", "audit_operation_timestamp", "audit_transaction_timestamp", "audit_current_user", "audit_transaction_id", "audit_username", "audit_app_uuid", "id", "note", "price" )') > 0
    )
  THEN
    RETURN;
  END IF;
  -- No write goes on in one of the tables while the other one gets its triggers.
  LOOP
    BEGIN
      LOCK TABLE ONLY "public"."Order" IN SHARE ROW EXCLUSIVE MODE;
      PERFORM pg_catalog.set_config('lock_timeout', '100ms', true);
      FOR command IN
        SELECT DISTINCT pg_catalog.format('LOCK TABLE ONLY %s IN ACCESS EXCLUSIVE MODE', t.tgrelid::regclass)
        FROM pg_catalog.pg_trigger AS t
        WHERE t.tgfoid IN (
          pg_catalog.to_regprocedure('"audit"."Order_audit_capture"()'),
          pg_catalog.to_regprocedure('"audit"."Order_audit_key"()'),
          pg_catalog.to_regprocedure('"audit"."Order_audit_truncate"()')
        )
          AND t.tgparentid = 0
          AND t.tgrelid <> '"public"."Order"'::regclass
        ORDER BY 1
      LOOP
        EXECUTE command;
      END LOOP;
      LOCK TABLE "public"."Order" IN SHARE ROW EXCLUSIVE MODE;
      FOR command IN
        SELECT pg_catalog.format('DROP TRIGGER %I ON %s', t.tgname, t.tgrelid::regclass)
        FROM pg_catalog.pg_trigger AS t
        WHERE t.tgfoid IN (
          pg_catalog.to_regprocedure('"audit"."Order_audit_capture"()'),
          pg_catalog.to_regprocedure('"audit"."Order_audit_key"()'),
          pg_catalog.to_regprocedure('"audit"."Order_audit_truncate"()')
        )
          AND t.tgparentid = 0
          AND t.tgrelid <> '"public"."Order"'::regclass
        ORDER BY 1
      LOOP
        EXECUTE command;
      END LOOP;
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

DO $audit$
BEGIN
  IF EXISTS (
    SELECT FROM pg_catalog.pg_class AS c
    WHERE c.oid = pg_catalog.to_regclass('"public"."Order"')
      AND (c.relkind = 'p' OR (c.relkind = 'r' AND c.relispartition))
  ) THEN
    PERFORM "id", "note", "price" FROM "public"."Order" WHERE false;
  ELSE
    CALL "audit"."require_source"(
      '"public"."Order"',
      ARRAY['id', 'note', 'price']::text[]
    );
  END IF;
END
$audit$;

COMMENT ON TABLE "audit"."Order_audit" IS 'History of "public"."Order"';

CREATE OR REPLACE FUNCTION "audit"."Order_audit_capture_row"()
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
  IF TG_OP = 'DELETE' THEN
    INSERT INTO "audit"."Order_audit" (
      "audit_operation",
      "audit_operation_timestamp",
      "audit_transaction_timestamp",
      "audit_current_user",
      "audit_transaction_id",
      "audit_username",
      "audit_app_uuid",
      "id",
      "note",
      "price"
    )
    VALUES (
      "audit_operation",
      "audit_operation_timestamp",
      now(),
      "audit_current_user",
      pg_current_xact_id()::text::bigint,
      coalesce("audit_username", "audit"."missing_setting"('audit.username', '"public"."Order"')),
      nullif(current_setting('audit.app_uuid', true), '')::uuid,
      OLD."id",
      OLD."note",
      OLD."price"
    );
    RETURN NULL;
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
    "note",
    "price"
  )
  VALUES (
    "audit_operation",
    "audit_operation_timestamp",
    now(),
    "audit_current_user",
    pg_current_xact_id()::text::bigint,
    coalesce("audit_username", "audit"."missing_setting"('audit.username', '"public"."Order"')),
    nullif(current_setting('audit.app_uuid', true), '')::uuid,
    NEW."id",
    NEW."note",
    NEW."price"
  );
  RETURN NULL;
END
$audit$;

CREATE OR REPLACE FUNCTION "audit"."Order_audit_key"()
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
  -- Only under a deferrable constraint can another row have this key already.
  IF EXISTS (SELECT FROM pg_index AS i WHERE i.indrelid = TG_RELID AND i.indisunique AND NOT i.indimmediate) THEN
    IF EXISTS (SELECT FROM "public"."Order" AS held WHERE held."id" = OLD."id") THEN
      RETURN NULL;
    END IF;
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
    "note",
    "price"
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
    OLD."note",
    OLD."price";
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
    "note",
    "price"
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
    changed."note",
    changed."price"
  FROM "public"."Order" AS changed
  WHERE changed.tableoid = TG_RELID OR (SELECT c.relkind = 'p' FROM pg_class AS c WHERE c.oid = TG_RELID);
  RETURN NULL;
END
$audit$;

CALL "audit"."keep_private"(
  '{}',
  ARRAY[
    '"audit"."Order_audit_capture_row"()',
    '"audit"."Order_audit_key"()',
    '"audit"."Order_audit_truncate"()'
  ]::regprocedure[]
);

DO $audit$
DECLARE
  source CONSTANT regclass := '"public"."Order"';
BEGIN
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = source AND t.tgname = 'audit_insert' AND t.tgfoid = '"audit"."Order_audit_capture_row"()'::regprocedure
      AND (t.tgtype & 1) = 1
      AND t.tgqual IS NULL
  ) THEN
    CREATE OR REPLACE TRIGGER "audit_insert"
      AFTER INSERT ON "public"."Order"
      FOR EACH ROW
      EXECUTE FUNCTION "audit"."Order_audit_capture_row"();
  END IF;
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = source AND t.tgname = 'audit_update' AND t.tgfoid = '"audit"."Order_audit_capture_row"()'::regprocedure
      AND (t.tgtype & 1) = 1
      AND t.tgqual IS NULL
  ) THEN
    CREATE OR REPLACE TRIGGER "audit_update"
      AFTER UPDATE ON "public"."Order"
      FOR EACH ROW
      EXECUTE FUNCTION "audit"."Order_audit_capture_row"();
  END IF;
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = source AND t.tgname = 'audit_delete' AND t.tgfoid = '"audit"."Order_audit_capture_row"()'::regprocedure
      AND (t.tgtype & 1) = 1
      AND t.tgqual IS NULL
  ) THEN
    CREATE OR REPLACE TRIGGER "audit_delete"
      AFTER DELETE ON "public"."Order"
      FOR EACH ROW
      EXECUTE FUNCTION "audit"."Order_audit_capture_row"();
  END IF;
END
$audit$;

DROP FUNCTION IF EXISTS "audit"."Order_audit_capture"();

DO $audit$
DECLARE
  source CONSTANT regclass := '"public"."Order"';
BEGIN
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = source AND t.tgname = 'audit_insert' AND t.tgfoid = '"audit"."Order_audit_capture_row"()'::regprocedure
  ) THEN
    CREATE TRIGGER "audit_insert"
      AFTER INSERT ON "public"."Order"
      FOR EACH ROW
      EXECUTE FUNCTION "audit"."Order_audit_capture_row"();
  END IF;
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = source AND t.tgname = 'audit_update' AND t.tgfoid = '"audit"."Order_audit_capture_row"()'::regprocedure
  ) THEN
    CREATE TRIGGER "audit_update"
      AFTER UPDATE ON "public"."Order"
      FOR EACH ROW
      EXECUTE FUNCTION "audit"."Order_audit_capture_row"();
  END IF;
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = source AND t.tgname = 'audit_delete' AND t.tgfoid = '"audit"."Order_audit_capture_row"()'::regprocedure
  ) THEN
    CREATE TRIGGER "audit_delete"
      AFTER DELETE ON "public"."Order"
      FOR EACH ROW
      EXECUTE FUNCTION "audit"."Order_audit_capture_row"();
  END IF;
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = source AND t.tgname = 'audit_key' AND t.tgfoid = '"audit"."Order_audit_key"()'::regprocedure
  ) THEN
    CREATE TRIGGER "audit_key"
      AFTER UPDATE ON "public"."Order"
      FOR EACH ROW WHEN (
        OLD."id" IS DISTINCT FROM NEW."id"
      )
      EXECUTE FUNCTION "audit"."Order_audit_key"();
  END IF;
  IF NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    WHERE t.tgrelid = source AND t.tgname = 'audit_truncate' AND t.tgfoid = '"audit"."Order_audit_truncate"()'::regprocedure
  ) THEN
    CREATE TRIGGER "audit_truncate"
      BEFORE TRUNCATE ON "public"."Order"
      FOR EACH STATEMENT
      EXECUTE FUNCTION "audit"."Order_audit_truncate"();
  END IF;
END
$audit$;
