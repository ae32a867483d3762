-- Takes the steps of migration.sql back. No history is dropped. Run it by hand.

SET LOCAL lock_timeout = '5000ms';
SET LOCAL search_path = pg_catalog, pg_temp;

-- History of "public"."order_lines"

COMMENT ON TABLE "audit"."order_lines_audit" IS 'Retired, written no more. History of "public"."order_lines"';

DO $audit$
BEGIN
  IF pg_catalog.to_regclass('"public"."order_lines"') IS NOT NULL THEN
    DROP TRIGGER IF EXISTS "audit_insert" ON "public"."order_lines";
    DROP TRIGGER IF EXISTS "audit_update" ON "public"."order_lines";
    DROP TRIGGER IF EXISTS "audit_delete" ON "public"."order_lines";
    DROP TRIGGER IF EXISTS "audit_key" ON "public"."order_lines";
    DROP TRIGGER IF EXISTS "audit_truncate" ON "public"."order_lines";
  END IF;
END
$audit$;

DROP FUNCTION IF EXISTS "audit"."order_lines_audit_capture"();
DROP FUNCTION IF EXISTS "audit"."order_lines_audit_key"();
DROP FUNCTION IF EXISTS "audit"."order_lines_audit_truncate"();

COMMIT;

SET LOCAL lock_timeout = '5000ms';
SET LOCAL search_path = pg_catalog, pg_temp;

-- History of "public"."order"

COMMENT ON TABLE "audit"."order_audit" IS 'Retired, written no more. History of "public"."order"';

DO $audit$
BEGIN
  IF pg_catalog.to_regclass('"public"."order"') IS NOT NULL THEN
    DROP TRIGGER IF EXISTS "audit_insert" ON "public"."order";
    DROP TRIGGER IF EXISTS "audit_update" ON "public"."order";
    DROP TRIGGER IF EXISTS "audit_delete" ON "public"."order";
    DROP TRIGGER IF EXISTS "audit_key" ON "public"."order";
    DROP TRIGGER IF EXISTS "audit_truncate" ON "public"."order";
  END IF;
END
$audit$;

DROP FUNCTION IF EXISTS "audit"."order_audit_capture"();
DROP FUNCTION IF EXISTS "audit"."order_audit_key"();
DROP FUNCTION IF EXISTS "audit"."order_audit_truncate"();

COMMIT;

SET LOCAL lock_timeout = '5000ms';
SET LOCAL search_path = pg_catalog, pg_temp;

-- History of "public"."exchange_rates"

COMMENT ON TABLE "audit"."exchange_rates_audit" IS 'Retired, written no more. History of "public"."exchange_rates"';

DO $audit$
BEGIN
  IF pg_catalog.to_regclass('"public"."exchange_rates"') IS NOT NULL THEN
    DROP TRIGGER IF EXISTS "audit_insert" ON "public"."exchange_rates";
    DROP TRIGGER IF EXISTS "audit_update" ON "public"."exchange_rates";
    DROP TRIGGER IF EXISTS "audit_delete" ON "public"."exchange_rates";
    DROP TRIGGER IF EXISTS "audit_key" ON "public"."exchange_rates";
    DROP TRIGGER IF EXISTS "audit_truncate" ON "public"."exchange_rates";
  END IF;
END
$audit$;

DROP FUNCTION IF EXISTS "audit"."exchange_rates_audit_capture"();
DROP FUNCTION IF EXISTS "audit"."exchange_rates_audit_key"();
DROP FUNCTION IF EXISTS "audit"."exchange_rates_audit_truncate"();

COMMIT;

SET LOCAL lock_timeout = '5000ms';
SET LOCAL search_path = pg_catalog, pg_temp;

-- History of "public"."customers"

COMMENT ON TABLE "audit"."customers_audit" IS 'Retired, written no more. History of "public"."customers"';

DO $audit$
BEGIN
  IF pg_catalog.to_regclass('"public"."customers"') IS NOT NULL THEN
    DROP TRIGGER IF EXISTS "audit_insert" ON "public"."customers";
    DROP TRIGGER IF EXISTS "audit_update" ON "public"."customers";
    DROP TRIGGER IF EXISTS "audit_delete" ON "public"."customers";
    DROP TRIGGER IF EXISTS "audit_key" ON "public"."customers";
    DROP TRIGGER IF EXISTS "audit_truncate" ON "public"."customers";
  END IF;
END
$audit$;

DROP FUNCTION IF EXISTS "audit"."customers_audit_capture"();
DROP FUNCTION IF EXISTS "audit"."customers_audit_key"();
DROP FUNCTION IF EXISTS "audit"."customers_audit_truncate"();

COMMIT;

SET LOCAL lock_timeout = '5000ms';
SET LOCAL search_path = pg_catalog, pg_temp;

-- History of "public"."customer_addresses"

COMMENT ON TABLE "audit"."customer_addresses_audit" IS 'Retired, written no more. History of "public"."customer_addresses"';

DO $audit$
BEGIN
  IF pg_catalog.to_regclass('"public"."customer_addresses"') IS NOT NULL THEN
    DROP TRIGGER IF EXISTS "audit_insert" ON "public"."customer_addresses";
    DROP TRIGGER IF EXISTS "audit_update" ON "public"."customer_addresses";
    DROP TRIGGER IF EXISTS "audit_delete" ON "public"."customer_addresses";
    DROP TRIGGER IF EXISTS "audit_key" ON "public"."customer_addresses";
    DROP TRIGGER IF EXISTS "audit_truncate" ON "public"."customer_addresses";
  END IF;
END
$audit$;

DROP FUNCTION IF EXISTS "audit"."customer_addresses_audit_capture"();
DROP FUNCTION IF EXISTS "audit"."customer_addresses_audit_key"();
DROP FUNCTION IF EXISTS "audit"."customer_addresses_audit_truncate"();

COMMIT;

SET LOCAL lock_timeout = '5000ms';
SET LOCAL search_path = pg_catalog, pg_temp;

-- History of "public"."_CategoryToProduct"

COMMENT ON TABLE "audit"."_CategoryToProduct_audit" IS 'Retired, written no more. History of "public"."_CategoryToProduct"';

DO $audit$
BEGIN
  IF pg_catalog.to_regclass('"public"."_CategoryToProduct"') IS NOT NULL THEN
    DROP TRIGGER IF EXISTS "audit_insert" ON "public"."_CategoryToProduct";
    DROP TRIGGER IF EXISTS "audit_update" ON "public"."_CategoryToProduct";
    DROP TRIGGER IF EXISTS "audit_delete" ON "public"."_CategoryToProduct";
    DROP TRIGGER IF EXISTS "audit_key" ON "public"."_CategoryToProduct";
    DROP TRIGGER IF EXISTS "audit_truncate" ON "public"."_CategoryToProduct";
  END IF;
END
$audit$;

DROP FUNCTION IF EXISTS "audit"."_CategoryToProduct_audit_capture_row"();
DROP FUNCTION IF EXISTS "audit"."_CategoryToProduct_audit_key"();
DROP FUNCTION IF EXISTS "audit"."_CategoryToProduct_audit_truncate"();

COMMIT;

SET LOCAL lock_timeout = '5000ms';
SET LOCAL search_path = pg_catalog, pg_temp;

-- History of "public"."StockMovement"

COMMENT ON TABLE "audit"."StockMovement_audit" IS 'Retired, written no more. History of "public"."StockMovement"';

DO $audit$
BEGIN
  IF pg_catalog.to_regclass('"public"."StockMovement"') IS NOT NULL THEN
    DROP TRIGGER IF EXISTS "audit_insert" ON "public"."StockMovement";
    DROP TRIGGER IF EXISTS "audit_update" ON "public"."StockMovement";
    DROP TRIGGER IF EXISTS "audit_delete" ON "public"."StockMovement";
    DROP TRIGGER IF EXISTS "audit_key" ON "public"."StockMovement";
    DROP TRIGGER IF EXISTS "audit_truncate" ON "public"."StockMovement";
  END IF;
END
$audit$;

DROP FUNCTION IF EXISTS "audit"."StockMovement_audit_capture"();
DROP FUNCTION IF EXISTS "audit"."StockMovement_audit_key"();
DROP FUNCTION IF EXISTS "audit"."StockMovement_audit_truncate"();

COMMIT;

SET LOCAL lock_timeout = '5000ms';
SET LOCAL search_path = pg_catalog, pg_temp;

-- History of "public"."Review"

COMMENT ON TABLE "audit"."Review_audit" IS 'Retired, written no more. History of "public"."Review"';

DO $audit$
BEGIN
  IF pg_catalog.to_regclass('"public"."Review"') IS NOT NULL THEN
    DROP TRIGGER IF EXISTS "audit_insert" ON "public"."Review";
    DROP TRIGGER IF EXISTS "audit_update" ON "public"."Review";
    DROP TRIGGER IF EXISTS "audit_delete" ON "public"."Review";
    DROP TRIGGER IF EXISTS "audit_key" ON "public"."Review";
    DROP TRIGGER IF EXISTS "audit_truncate" ON "public"."Review";
  END IF;
END
$audit$;

DROP FUNCTION IF EXISTS "audit"."Review_audit_capture"();
DROP FUNCTION IF EXISTS "audit"."Review_audit_key"();
DROP FUNCTION IF EXISTS "audit"."Review_audit_truncate"();

COMMIT;

SET LOCAL lock_timeout = '5000ms';
SET LOCAL search_path = pg_catalog, pg_temp;

-- History of "public"."Product Catalogue"

COMMENT ON TABLE "audit"."Product Catalogue_audit" IS 'Retired, written no more. History of "public"."Product Catalogue"';

DO $audit$
BEGIN
  IF pg_catalog.to_regclass('"public"."Product Catalogue"') IS NOT NULL THEN
    DROP TRIGGER IF EXISTS "audit_insert" ON "public"."Product Catalogue";
    DROP TRIGGER IF EXISTS "audit_update" ON "public"."Product Catalogue";
    DROP TRIGGER IF EXISTS "audit_delete" ON "public"."Product Catalogue";
    DROP TRIGGER IF EXISTS "audit_key" ON "public"."Product Catalogue";
    DROP TRIGGER IF EXISTS "audit_truncate" ON "public"."Product Catalogue";
  END IF;
END
$audit$;

DROP FUNCTION IF EXISTS "audit"."Product Catalogue_audit_capture"();
DROP FUNCTION IF EXISTS "audit"."Product Catalogue_audit_key"();
DROP FUNCTION IF EXISTS "audit"."Product Catalogue_audit_truncate"();

COMMIT;

SET LOCAL lock_timeout = '5000ms';
SET LOCAL search_path = pg_catalog, pg_temp;

-- History of "public"."Payment"

COMMENT ON TABLE "audit"."Payment_audit" IS 'Retired, written no more. History of "public"."Payment"';

DO $audit$
BEGIN
  IF pg_catalog.to_regclass('"public"."Payment"') IS NOT NULL THEN
    DROP TRIGGER IF EXISTS "audit_insert" ON "public"."Payment";
    DROP TRIGGER IF EXISTS "audit_update" ON "public"."Payment";
    DROP TRIGGER IF EXISTS "audit_delete" ON "public"."Payment";
    DROP TRIGGER IF EXISTS "audit_key" ON "public"."Payment";
    DROP TRIGGER IF EXISTS "audit_truncate" ON "public"."Payment";
  END IF;
END
$audit$;

DROP FUNCTION IF EXISTS "audit"."Payment_audit_capture"();
DROP FUNCTION IF EXISTS "audit"."Payment_audit_key"();
DROP FUNCTION IF EXISTS "audit"."Payment_audit_truncate"();

COMMIT;

SET LOCAL lock_timeout = '5000ms';
SET LOCAL search_path = pg_catalog, pg_temp;

-- History of "public"."Parcel"

COMMENT ON TABLE "audit"."Parcel_audit" IS 'Retired, written no more. History of "public"."Parcel"';

DO $audit$
BEGIN
  IF pg_catalog.to_regclass('"public"."Parcel"') IS NOT NULL THEN
    DROP TRIGGER IF EXISTS "audit_insert" ON "public"."Parcel";
    DROP TRIGGER IF EXISTS "audit_update" ON "public"."Parcel";
    DROP TRIGGER IF EXISTS "audit_delete" ON "public"."Parcel";
    DROP TRIGGER IF EXISTS "audit_key" ON "public"."Parcel";
    DROP TRIGGER IF EXISTS "audit_truncate" ON "public"."Parcel";
  END IF;
END
$audit$;

DROP FUNCTION IF EXISTS "audit"."Parcel_audit_capture"();
DROP FUNCTION IF EXISTS "audit"."Parcel_audit_key"();
DROP FUNCTION IF EXISTS "audit"."Parcel_audit_truncate"();

COMMIT;

SET LOCAL lock_timeout = '5000ms';
SET LOCAL search_path = pg_catalog, pg_temp;

-- History of "public"."Category"

COMMENT ON TABLE "audit"."Category_audit" IS 'Retired, written no more. History of "public"."Category"';

DO $audit$
BEGIN
  IF pg_catalog.to_regclass('"public"."Category"') IS NOT NULL THEN
    DROP TRIGGER IF EXISTS "audit_insert" ON "public"."Category";
    DROP TRIGGER IF EXISTS "audit_update" ON "public"."Category";
    DROP TRIGGER IF EXISTS "audit_delete" ON "public"."Category";
    DROP TRIGGER IF EXISTS "audit_key" ON "public"."Category";
    DROP TRIGGER IF EXISTS "audit_truncate" ON "public"."Category";
  END IF;
END
$audit$;

DROP FUNCTION IF EXISTS "audit"."Category_audit_capture"();
DROP FUNCTION IF EXISTS "audit"."Category_audit_key"();
DROP FUNCTION IF EXISTS "audit"."Category_audit_truncate"();

COMMIT;

SET LOCAL lock_timeout = '5000ms';
SET LOCAL search_path = pg_catalog, pg_temp;

COMMENT ON SCHEMA "audit" IS 'prisma-generator-audit: detached by a down migration; its history is kept';
