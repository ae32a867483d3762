-- prisma-generator-audit v1 from=e2104d5f8e873edf text=c5db5c6b247b1f79
-- {"kind":"renameTable","source":{"schema":"public","name":"ein \"Käse\"; -- üüüüüüüüüüüüüüüüüüüü!"},"to":{"schema":"public","name":"lllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllll"}}
-- {"kind":"renameObjects","source":{"schema":"public","name":"lllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllll"},"schema":"audit","names":{"table":"\"ßßßßßßßßßßßßßßßßßßßßßßßßßßßßßß","captureFunction":"lllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllll","keyFunction":"x_audit_key","truncateFunction":"x_audit_truncate","insertTrigger":"'\"$$","updateTrigger":"audit_update","deleteTrigger":"audit_delete","keyTrigger":"audit_key","truncateTrigger":"audit_truncate"}}
-- {"kind":"renameColumn","source":{"schema":"public","name":"lllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllll"},"column":"lllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllll","to":"ööööööööööööööööööööööööööööööö\""}
-- {"kind":"renameColumn","source":{"schema":"public","name":"lllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllll"},"column":"a\"b","to":"a b"}
-- {"kind":"renameColumn","source":{"schema":"public","name":"lllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllll"},"column":"$audit$","to":"a\"b"}
-- {"kind":"renameColumn","source":{"schema":"public","name":"lllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllll"},"column":"a b","to":"$audit$"}

SET LOCAL lock_timeout = '5000ms';
SET LOCAL search_path = pg_catalog, pg_temp;

-- History of "public"."lllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllll"

DO $audit2$
DECLARE
  patience CONSTANT text := pg_catalog.current_setting('lock_timeout');
  deadline CONSTANT timestamptz := pg_catalog.clock_timestamp() + patience::interval;
  command text;
BEGIN
  -- Run again after a later section failed, it finds its work done.
  IF
    EXISTS (
      SELECT FROM pg_catalog.pg_trigger AS t
      JOIN pg_catalog.pg_proc AS f ON f.oid = t.tgfoid
      WHERE t.tgrelid = pg_catalog.to_regclass('"public"."lllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllll"')
        AND t.tgname = '''"$$'
        AND f.oid = pg_catalog.to_regprocedure('"audit"."lllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllll"()')
        AND pg_catalog.strpos(pg_catalog.regexp_replace(f.prosrc, '[ \r\n]+', ' ', 'g'), 'INSERT INTO "audit"."""ßßßßßßßßßßßßßßßßßßßßßßßßßßßßßß" ( "audit_operation", "audit_operation_timestamp", "audit_transaction_timestamp", "audit_current_user", "audit_transaction_id", "audit_username", "id", "ööööööööööööööööööööööööööööööö""", "$audit$", "a""b" )') > 0
    )
    AND (
      SELECT pg_catalog.count(*) FROM pg_catalog.pg_attribute AS a
      WHERE a.attrelid = pg_catalog.to_regclass('"audit"."""ßßßßßßßßßßßßßßßßßßßßßßßßßßßßßß"')
        AND a.attname IN ('ööööööööööööööööööööööööööööööö"')
        AND NOT a.attisdropped
    ) = 1
  THEN
    RETURN;
  END IF;
  -- No writer may be in the old functions meanwhile. A reader of the history stops none: its lock is tried for.
  LOOP
    BEGIN
      LOCK TABLE "public"."lllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllll" IN ACCESS EXCLUSIVE MODE;
      PERFORM pg_catalog.set_config('lock_timeout', '100ms', true);
      LOCK TABLE "audit"."lllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllll" IN ACCESS EXCLUSIVE MODE;
      PERFORM pg_catalog.set_config('lock_timeout', patience, true);
      EXIT;
    EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
      IF patience <> '0' AND pg_catalog.clock_timestamp() > deadline THEN
        RAISE;
      END IF;
      PERFORM pg_catalog.pg_sleep(0.1);
    END;
  END LOOP;
  ALTER INDEX IF EXISTS "audit"."lllllllllllllllllllllllllllllllllllllllllllllllll_9830ee2b_pkey" RENAME TO """ßßßßßßßßßßßßßßßßßßßßßßßß_47385f91_pkey";
  ALTER INDEX IF EXISTS "audit"."llllllllllllllllllllllllllllllllllllllllllllllllll_9830ee2b_key" RENAME TO """ßßßßßßßßßßßßßßßßßßßßßßßß_47385f91_key";
  ALTER SEQUENCE IF EXISTS "audit"."llllllllllllllllllllllllllllllllllllllllllllllllll_audit_id_seq" RENAME TO """ßßßßßßßßßßßßßßßßßßßßßßßß_audit_id_seq";
  ALTER TABLE "audit"."lllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllll" RENAME TO """ßßßßßßßßßßßßßßßßßßßßßßßßßßßßßß";
  ALTER FUNCTION "audit"."f""'\"() RENAME TO "lllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllll";
  ALTER FUNCTION "audit"."odd_audit_key"() RENAME TO "x_audit_key";
  ALTER FUNCTION "audit"."odd_audit_truncate"() RENAME TO "x_audit_truncate";
  FOR command IN
    SELECT pg_catalog.format('ALTER TRIGGER %I ON %s RENAME TO %I', t.tgname, t.tgrelid::regclass, pair.called)
    FROM (
      VALUES
        ('audit_insert', '''"$$')
    ) AS pair (name, called)
    JOIN pg_catalog.pg_trigger AS t ON t.tgname = pair.name
    WHERE t.tgrelid = pg_catalog.to_regclass('"public"."lllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllll"')
  LOOP
    EXECUTE command;
  END LOOP;
  ALTER TABLE "audit"."""ßßßßßßßßßßßßßßßßßßßßßßßßßßßßßß" RENAME COLUMN "lllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllll" TO "ööööööööööööööööööööööööööööööö""";
  ALTER TABLE "audit"."""ßßßßßßßßßßßßßßßßßßßßßßßßßßßßßß" RENAME COLUMN "a""b" TO "a b";
  ALTER TABLE "audit"."""ßßßßßßßßßßßßßßßßßßßßßßßßßßßßßß" RENAME COLUMN "$audit$" TO "a""b";
  ALTER TABLE "audit"."""ßßßßßßßßßßßßßßßßßßßßßßßßßßßßßß" RENAME COLUMN "a b" TO "$audit$";
END
$audit2$;

COMMENT ON TABLE "audit"."""ßßßßßßßßßßßßßßßßßßßßßßßßßßßßßß" IS 'History of "public"."lllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllll"';

CREATE OR REPLACE FUNCTION "audit"."lllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllll"()
  RETURNS trigger
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $audit2$
#variable_conflict use_variable
DECLARE
  "audit_operation" CONSTANT text := left(TG_OP, 1);
  "audit_operation_timestamp" CONSTANT timestamptz := clock_timestamp();
  -- This function runs as its owner: who really writes is the session's user, or the role that it took.
  "audit_current_user" CONSTANT text := coalesce(nullif(current_setting('role'), 'none'), session_user);
  -- On a connection that has carried a value before, an absent setting is '' and not NULL.
  "audit_username" CONSTANT text := nullif(current_setting('audit.username', true), '');
BEGIN
  INSERT INTO "audit"."""ßßßßßßßßßßßßßßßßßßßßßßßßßßßßßß" (
    "audit_operation",
    "audit_operation_timestamp",
    "audit_transaction_timestamp",
    "audit_current_user",
    "audit_transaction_id",
    "audit_username",
    "id",
    "ööööööööööööööööööööööööööööööö""",
    "$audit$",
    "a""b"
  )
  SELECT
    "audit_operation",
    "audit_operation_timestamp",
    now(),
    "audit_current_user",
    (SELECT pg_current_xact_id()::text::bigint),
    coalesce("audit_username", "audit"."missing_setting"('audit.username', '"public"."lllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllll"')),
    changed."id",
    changed."ööööööööööööööööööööööööööööööö""",
    changed."$audit$",
    changed."a""b"
  FROM changed;
  RETURN NULL;
END
$audit2$;

CREATE OR REPLACE FUNCTION "audit"."x_audit_key"()
  RETURNS trigger
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $audit2$
#variable_conflict use_variable
DECLARE
  "audit_operation" CONSTANT text := 'D';
  "audit_operation_timestamp" CONSTANT timestamptz := clock_timestamp();
  -- This function runs as its owner: who really writes is the session's user, or the role that it took.
  "audit_current_user" CONSTANT text := coalesce(nullif(current_setting('role'), 'none'), session_user);
  -- On a connection that has carried a value before, an absent setting is '' and not NULL.
  "audit_username" CONSTANT text := nullif(current_setting('audit.username', true), '');
BEGIN
  INSERT INTO "audit"."""ßßßßßßßßßßßßßßßßßßßßßßßßßßßßßß" (
    "audit_operation",
    "audit_operation_timestamp",
    "audit_transaction_timestamp",
    "audit_current_user",
    "audit_transaction_id",
    "audit_username",
    "id",
    "ööööööööööööööööööööööööööööööö""",
    "$audit$",
    "a""b"
  )
  SELECT
    "audit_operation",
    "audit_operation_timestamp",
    now(),
    "audit_current_user",
    (SELECT pg_current_xact_id()::text::bigint),
    coalesce("audit_username", "audit"."missing_setting"('audit.username', '"public"."lllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllll"')),
    OLD."id",
    OLD."ööööööööööööööööööööööööööööööö""",
    OLD."$audit$",
    OLD."a""b";
  RETURN NULL;
END
$audit2$;

CREATE OR REPLACE FUNCTION "audit"."x_audit_truncate"()
  RETURNS trigger
  LANGUAGE plpgsql
  SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  SET row_security = off
AS $audit2$
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
  INSERT INTO "audit"."""ßßßßßßßßßßßßßßßßßßßßßßßßßßßßßß" (
    "audit_operation",
    "audit_operation_timestamp",
    "audit_transaction_timestamp",
    "audit_current_user",
    "audit_transaction_id",
    "audit_username",
    "id",
    "ööööööööööööööööööööööööööööööö""",
    "$audit$",
    "a""b"
  )
  SELECT
    "audit_operation",
    "audit_operation_timestamp",
    now(),
    "audit_current_user",
    (SELECT pg_current_xact_id()::text::bigint),
    coalesce("audit_username", "audit"."missing_setting"('audit.username', '"public"."lllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllll"')),
    changed."id",
    changed."ööööööööööööööööööööööööööööööö""",
    changed."$audit$",
    changed."a""b"
  FROM ONLY "public"."lllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllll" AS changed;
  RETURN NULL;
END
$audit2$;

CALL "audit"."keep_private"(
  '{}',
  ARRAY[
    '"audit"."lllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllll"()',
    '"audit"."x_audit_key"()',
    '"audit"."x_audit_truncate"()'
  ]::regprocedure[]
);
