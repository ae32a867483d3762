-- Takes the steps of migration.sql back. No history is dropped. Run it by hand.

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
      WHERE t.tgrelid = coalesce(pg_catalog.to_regclass('"public"."lllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllll"'), pg_catalog.to_regclass('"public"."ein ""Käse""; -- üüüüüüüüüüüüüüüüüüüü!"'))
        AND t.tgname = 'audit_insert'
        AND f.oid = pg_catalog.to_regprocedure(E'"audit"."f""''\\"()')
        AND pg_catalog.strpos(pg_catalog.regexp_replace(f.prosrc, '[ \r\n]+', ' ', 'g'), 'INSERT INTO "audit"."lllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllll" ( "audit_operation", "audit_operation_timestamp", "audit_transaction_timestamp", "audit_current_user", "audit_transaction_id", "audit_username", "id", "lllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllll", "a""b", "$audit$" )') > 0
    )
    AND (
      SELECT pg_catalog.count(*) FROM pg_catalog.pg_attribute AS a
      WHERE a.attrelid = pg_catalog.to_regclass('"audit"."lllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllll"')
        AND a.attname IN ('ööööööööööööööööööööööööööööööö"')
        AND NOT a.attisdropped
    ) = 0
  THEN
    RETURN;
  END IF;
  -- No writer may be in the old functions meanwhile. A reader of the history stops none: its lock is tried for.
  LOOP
    BEGIN
      FOR command IN
        SELECT pg_catalog.format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', c.oid::regclass)
        FROM pg_catalog.pg_class AS c
        WHERE c.oid = coalesce(pg_catalog.to_regclass('"public"."lllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllll"'), pg_catalog.to_regclass('"public"."ein ""Käse""; -- üüüüüüüüüüüüüüüüüüüü!"'))
      LOOP
        EXECUTE command;
      END LOOP;
      PERFORM pg_catalog.set_config('lock_timeout', '100ms', true);
      LOCK TABLE "audit"."""ßßßßßßßßßßßßßßßßßßßßßßßßßßßßßß" IN ACCESS EXCLUSIVE MODE;
      PERFORM pg_catalog.set_config('lock_timeout', patience, true);
      EXIT;
    EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
      IF patience <> '0' AND pg_catalog.clock_timestamp() > deadline THEN
        RAISE;
      END IF;
      PERFORM pg_catalog.pg_sleep(0.1);
    END;
  END LOOP;
  ALTER INDEX IF EXISTS "audit"."""ßßßßßßßßßßßßßßßßßßßßßßßß_47385f91_pkey" RENAME TO "lllllllllllllllllllllllllllllllllllllllllllllllll_9830ee2b_pkey";
  ALTER INDEX IF EXISTS "audit"."""ßßßßßßßßßßßßßßßßßßßßßßßß_47385f91_key" RENAME TO "llllllllllllllllllllllllllllllllllllllllllllllllll_9830ee2b_key";
  ALTER SEQUENCE IF EXISTS "audit"."""ßßßßßßßßßßßßßßßßßßßßßßßß_audit_id_seq" RENAME TO "llllllllllllllllllllllllllllllllllllllllllllllllll_audit_id_seq";
  ALTER TABLE "audit"."""ßßßßßßßßßßßßßßßßßßßßßßßßßßßßßß" RENAME TO "lllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllll";
  ALTER FUNCTION "audit"."lllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllll"() RENAME TO "f""'\";
  ALTER FUNCTION "audit"."x_audit_key"() RENAME TO "odd_audit_key";
  ALTER FUNCTION "audit"."x_audit_truncate"() RENAME TO "odd_audit_truncate";
  FOR command IN
    SELECT pg_catalog.format('ALTER TRIGGER %I ON %s RENAME TO %I', t.tgname, t.tgrelid::regclass, pair.called)
    FROM (
      VALUES
        ('''"$$', 'audit_insert')
    ) AS pair (name, called)
    JOIN pg_catalog.pg_trigger AS t ON t.tgname = pair.name
    WHERE t.tgrelid = coalesce(pg_catalog.to_regclass('"public"."lllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllll"'), pg_catalog.to_regclass('"public"."ein ""Käse""; -- üüüüüüüüüüüüüüüüüüüü!"'))
  LOOP
    EXECUTE command;
  END LOOP;
  ALTER TABLE "audit"."lllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllll" RENAME COLUMN "$audit$" TO "a b";
  ALTER TABLE "audit"."lllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllll" RENAME COLUMN "a""b" TO "$audit$";
  ALTER TABLE "audit"."lllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllll" RENAME COLUMN "a b" TO "a""b";
  ALTER TABLE "audit"."lllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllll" RENAME COLUMN "ööööööööööööööööööööööööööööööö""" TO "lllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllll";
END
$audit2$;

COMMENT ON TABLE "audit"."lllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllll" IS 'History of "public"."ein ""Käse""; -- üüüüüüüüüüüüüüüüüüüü!"';

CREATE OR REPLACE FUNCTION "audit"."f""'\"()
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
  INSERT INTO "audit"."lllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllll" (
    "audit_operation",
    "audit_operation_timestamp",
    "audit_transaction_timestamp",
    "audit_current_user",
    "audit_transaction_id",
    "audit_username",
    "id",
    "lllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllll",
    "a""b",
    "$audit$"
  )
  SELECT
    "audit_operation",
    "audit_operation_timestamp",
    now(),
    "audit_current_user",
    (SELECT pg_current_xact_id()::text::bigint),
    coalesce("audit_username", "audit"."missing_setting"('audit.username', '"public"."ein ""Käse""; -- üüüüüüüüüüüüüüüüüüüü!"')),
    changed."id",
    changed."lllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllll",
    changed."a""b",
    changed."$audit$"
  FROM changed;
  RETURN NULL;
END
$audit2$;

CREATE OR REPLACE FUNCTION "audit"."odd_audit_key"()
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
  INSERT INTO "audit"."lllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllll" (
    "audit_operation",
    "audit_operation_timestamp",
    "audit_transaction_timestamp",
    "audit_current_user",
    "audit_transaction_id",
    "audit_username",
    "id",
    "lllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllll",
    "a""b",
    "$audit$"
  )
  SELECT
    "audit_operation",
    "audit_operation_timestamp",
    now(),
    "audit_current_user",
    (SELECT pg_current_xact_id()::text::bigint),
    coalesce("audit_username", "audit"."missing_setting"('audit.username', '"public"."ein ""Käse""; -- üüüüüüüüüüüüüüüüüüüü!"')),
    OLD."id",
    OLD."lllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllll",
    OLD."a""b",
    OLD."$audit$";
  RETURN NULL;
END
$audit2$;

CREATE OR REPLACE FUNCTION "audit"."odd_audit_truncate"()
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
  INSERT INTO "audit"."lllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllll" (
    "audit_operation",
    "audit_operation_timestamp",
    "audit_transaction_timestamp",
    "audit_current_user",
    "audit_transaction_id",
    "audit_username",
    "id",
    "lllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllll",
    "a""b",
    "$audit$"
  )
  SELECT
    "audit_operation",
    "audit_operation_timestamp",
    now(),
    "audit_current_user",
    (SELECT pg_current_xact_id()::text::bigint),
    coalesce("audit_username", "audit"."missing_setting"('audit.username', '"public"."ein ""Käse""; -- üüüüüüüüüüüüüüüüüüüü!"')),
    changed."id",
    changed."lllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllll",
    changed."a""b",
    changed."$audit$"
  FROM ONLY "public"."ein ""Käse""; -- üüüüüüüüüüüüüüüüüüüü!" AS changed;
  RETURN NULL;
END
$audit2$;
