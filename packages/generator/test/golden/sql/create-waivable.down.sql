-- Takes the steps of migration.sql back. No history is dropped. Run it by hand.

SET LOCAL lock_timeout = '5000ms';
SET LOCAL search_path = pg_catalog, pg_temp;

-- History of "public"."Order"

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

COMMIT;

SET LOCAL lock_timeout = '5000ms';
SET LOCAL search_path = pg_catalog, pg_temp;

COMMENT ON SCHEMA "audit" IS 'prisma-generator-audit: detached by a down migration; its history is kept';

-- Capture cannot be waived any more. What was waived stays told.

DROP FUNCTION IF EXISTS "audit"."waive_capture"(text);
DROP FUNCTION IF EXISTS "audit"."record_waiver"(text, text, bigint);

-- History is never dropped; a table that never had a row holds none.
DO $audit$
BEGIN
  IF (
    SELECT c.relkind FROM pg_catalog.pg_class AS c
    WHERE c.oid = pg_catalog.to_regclass('"audit"."capture_waiver"')
  ) = 'r' THEN
    LOCK TABLE "audit"."capture_waiver" IN ACCESS EXCLUSIVE MODE;
    IF pg_catalog.pg_relation_size('"audit"."capture_waiver"'::regclass) = 0 THEN
      DROP TABLE "audit"."capture_waiver";
    END IF;
  END IF;
END
$audit$;
