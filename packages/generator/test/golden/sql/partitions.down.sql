-- Takes the steps of migration.sql back. No history is dropped. Run it by hand.

SET LOCAL lock_timeout = '5000ms';
SET LOCAL search_path = pg_catalog, pg_temp;

-- No partitions are made any more. What is partitioned stays so, and loses no row.

DROP ROUTINE IF EXISTS "audit"."prepare_partitions"(regclass, text);
DROP ROUTINE IF EXISTS "audit"."make_partition"(regclass, text, text);
DROP ROUTINE IF EXISTS "audit"."partition_history"(regclass, text);
