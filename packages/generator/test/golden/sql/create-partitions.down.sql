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

-- No partitions are made any more. What is partitioned stays so, and loses no row.

DROP ROUTINE IF EXISTS "audit"."prepare_partitions"(regclass, text);
DROP ROUTINE IF EXISTS "audit"."make_partition"(regclass, text, text);
DROP ROUTINE IF EXISTS "audit"."partition_history"(regclass, text);
