-- prisma-generator-audit v1 from=15a28bebfff21268 text=20d11dd9c11b7248
-- {"kind":"retireTable","source":{"schema":"public","name":"Order"},"replaced":{"schema":"public","name":"Order_old"}}

SET LOCAL lock_timeout = '5000ms';
SET LOCAL search_path = pg_catalog, pg_temp;

-- History of "public"."Order"

DO $audit$
DECLARE
  patience CONSTANT text := pg_catalog.current_setting('lock_timeout');
  deadline CONSTANT timestamptz := pg_catalog.clock_timestamp() + patience::interval;
  command text;
BEGIN
  
  -- No write goes on in one of the tables while the other one gets its triggers.
  LOOP
    BEGIN
      LOCK TABLE ONLY "public"."Order" IN ACCESS EXCLUSIVE MODE;
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
      LOCK TABLE "public"."Order" IN ACCESS EXCLUSIVE MODE;
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

COMMENT ON TABLE "audit"."Order_audit" IS 'Retired, written no more. History of "public"."Order"';

DO $audit$
BEGIN
  IF pg_catalog.to_regclass('"public"."Order"') IS NOT NULL THEN
    DROP TRIGGER IF EXISTS "audit_insert" ON "public"."Order";
    DROP TRIGGER IF EXISTS "audit_update" ON "public"."Order";
    DROP TRIGGER IF EXISTS "audit_delete" ON "public"."Order";
    DROP TRIGGER IF EXISTS "audit_key" ON "public"."Order";
    DROP TRIGGER IF EXISTS "audit_truncate" ON "public"."Order";
  END IF;
END
$audit$;

DROP FUNCTION IF EXISTS "audit"."Order_audit_capture"();
DROP FUNCTION IF EXISTS "audit"."Order_audit_key"();
DROP FUNCTION IF EXISTS "audit"."Order_audit_truncate"();
