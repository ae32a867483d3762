-- Takes the steps of migration.sql back. No history is dropped. Run it by hand.

SET LOCAL lock_timeout = '5000ms';
SET LOCAL search_path = pg_catalog, pg_temp;

DO $audit$
DECLARE
  patience CONSTANT text := pg_catalog.current_setting('lock_timeout');
  deadline CONSTANT timestamptz := pg_catalog.clock_timestamp() + patience::interval;
BEGIN
  IF EXISTS (
    SELECT FROM pg_catalog.pg_constraint AS c WHERE c.conrelid = pg_catalog.to_regclass('"audit"."Order_audit"') AND c.conname = 'audit_oldest_partition'
  ) THEN
    LOOP
      BEGIN
        NULL;
        PERFORM pg_catalog.set_config('lock_timeout', '100ms', true);
        ALTER TABLE "audit"."Order_audit" DROP CONSTRAINT IF EXISTS "audit_oldest_partition";
        PERFORM pg_catalog.set_config('lock_timeout', patience, true);
        EXIT;
      EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
        IF patience <> '0' AND pg_catalog.clock_timestamp() > deadline THEN
          RAISE;
        END IF;
        PERFORM pg_catalog.pg_sleep(0.1);
      END;
    END LOOP;
  END IF;
END
$audit$;

COMMIT;

SET LOCAL lock_timeout = '5000ms';
SET LOCAL search_path = pg_catalog, pg_temp;

-- No partitions are made any more. What is partitioned stays so, and loses no row.

DROP ROUTINE IF EXISTS "audit"."prepare_partitions"(regclass, text);
DROP ROUTINE IF EXISTS "audit"."make_partition"(regclass, text, text);
DROP ROUTINE IF EXISTS "audit"."partition_history"(regclass, text);
