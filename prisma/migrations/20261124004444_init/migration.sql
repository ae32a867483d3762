-- CreateEnum
CREATE TYPE "Channel" AS ENUM ('web', 'shop', 'call centre');

-- CreateEnum
CREATE TYPE "product_status" AS ENUM ('draft', 'on-sale', 'WITHDRAWN');

-- CreateEnum
CREATE TYPE "Payment Method" AS ENUM ('card', 'transfer', 'cash');

-- CreateTable
CREATE TABLE "customers" (
    "id" UUID NOT NULL,
    "email" VARCHAR(320) NOT NULL,
    "name" TEXT,
    "country_code" CHAR(2) NOT NULL DEFAULT 'NL',
    "credit_limit" DECIMAL(14,4) NOT NULL DEFAULT 0,
    "points" INTEGER NOT NULL DEFAULT 0,
    "lifetime_cents" BIGINT NOT NULL DEFAULT 0,
    "rating" DOUBLE PRECISION,
    "newsletter" BOOLEAN NOT NULL DEFAULT false,
    "channels" "Channel"[] DEFAULT ARRAY['web']::"Channel"[],
    "birthday" DATE,
    "preferences" JSONB NOT NULL DEFAULT '{}',
    "public_key" BYTEA,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMP(3) NOT NULL,
    "referrer_id" UUID,

    CONSTRAINT "customers_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "customer_addresses" (
    "customer_id" UUID NOT NULL,
    "label" VARCHAR(40) NOT NULL,
    "lines" TEXT[],
    "postcode" VARCHAR(12),
    "is default" BOOLEAN NOT NULL DEFAULT false,

    CONSTRAINT "customer_addresses_pkey" PRIMARY KEY ("customer_id","label")
);

-- CreateTable
CREATE TABLE "Category" (
    "slug" VARCHAR(80) NOT NULL,
    "title" TEXT NOT NULL,
    "position" SMALLINT NOT NULL DEFAULT 0,
    "parent_slug" VARCHAR(80),

    CONSTRAINT "Category_pkey" PRIMARY KEY ("slug")
);

-- CreateTable
CREATE TABLE "Product Catalogue" (
    "id" SERIAL NOT NULL,
    "sku" VARCHAR(32) NOT NULL,
    "name" TEXT NOT NULL,
    "status" "product_status" NOT NULL DEFAULT 'draft',
    "price" DECIMAL(10,2) NOT NULL,
    "weight kg" REAL,
    "tags" TEXT[],
    "sizes" INTEGER[],
    "sellableOn" "Channel"[],
    "details" JSONB,
    "Manual" JSON,
    "image" BYTEA,
    "release_date" DATE,
    "withdrawn_at" TIMESTAMPTZ(6),
    "search_text" TEXT,

    CONSTRAINT "Product Catalogue_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "order" (
    "id" BIGSERIAL NOT NULL,
    "customer_id" UUID NOT NULL,
    "channel" "Channel" NOT NULL DEFAULT 'web',
    "placed_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "paid" BOOLEAN NOT NULL DEFAULT false,
    "total" DECIMAL(12,2) NOT NULL DEFAULT 0,
    "exact" DECIMAL(65,30),
    "note" TEXT,
    "client_ip" INET,
    "deliver_at" TIME(3),

    CONSTRAINT "order_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "order_lines" (
    "order_id" BIGINT NOT NULL,
    "line_no" SMALLINT NOT NULL,
    "product_id" INTEGER NOT NULL,
    "quantity" INTEGER NOT NULL DEFAULT 1,
    "price" DECIMAL(10,2) NOT NULL,

    CONSTRAINT "order_lines_pkey" PRIMARY KEY ("order_id","line_no")
);

-- CreateTable
CREATE TABLE "Payment" (
    "id" UUID NOT NULL,
    "order_id" BIGINT NOT NULL,
    "method" "Payment Method" NOT NULL,
    "amount" DECIMAL(12,2) NOT NULL,
    "iban" VARCHAR(34),
    "received_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "response" JSONB,

    CONSTRAINT "Payment_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "Parcel" (
    "barcode" VARCHAR(64) NOT NULL,
    "order_id" BIGINT,
    "grams" INTEGER NOT NULL,
    "carrier_oid" OID,
    "insured" MONEY,
    "length" DOUBLE PRECISION NOT NULL DEFAULT 0,
    "flags" BIT(8),
    "route" VARBIT(64),
    "label" XML,
    "pickup_at" TIMETZ(3),
    "sent_at" TIMESTAMP(6),
    "scans" TIMESTAMPTZ(3)[],
    "weights" DECIMAL(8,3)[],
    "checkpoints" BIGINT[],
    "signatures" BYTEA[],
    "events" JSONB[],
    "handlers" UUID[],
    "codes" DOUBLE PRECISION[],
    "answers" BOOLEAN[],

    CONSTRAINT "Parcel_pkey" PRIMARY KEY ("barcode")
);

-- CreateTable
CREATE TABLE "StockMovement" (
    "id" BIGSERIAL NOT NULL,
    "productId" INTEGER NOT NULL,
    "delta" INTEGER NOT NULL,
    "user" VARCHAR(80),
    "at" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "StockMovement_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "exchange_rates" (
    "currency" CHAR(3) NOT NULL,
    "day" DATE NOT NULL,
    "rate" DECIMAL(18,8) NOT NULL
);

-- CreateTable
CREATE TABLE "Review" (
    "id" SERIAL NOT NULL,
    "customer_id" UUID,
    "product_id" INTEGER NOT NULL,
    "stars" SMALLINT NOT NULL,
    "text" TEXT,
    "created_at" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "Review_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "sessions" (
    "token" UUID NOT NULL,
    "email" TEXT NOT NULL,
    "ip" INET NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "sessions_pkey" PRIMARY KEY ("token")
);

-- CreateTable
CREATE TABLE "SearchTerm" (
    "term" TEXT NOT NULL,
    "count" INTEGER NOT NULL DEFAULT 1,

    CONSTRAINT "SearchTerm_pkey" PRIMARY KEY ("term")
);

-- CreateTable
CREATE TABLE "_CategoryToProduct" (
    "A" VARCHAR(80) NOT NULL,
    "B" INTEGER NOT NULL,

    CONSTRAINT "_CategoryToProduct_AB_pkey" PRIMARY KEY ("A","B")
);

-- CreateIndex
CREATE UNIQUE INDEX "customers_email_key" ON "customers"("email");

-- CreateIndex
CREATE UNIQUE INDEX "Product Catalogue_sku_key" ON "Product Catalogue"("sku");

-- CreateIndex
CREATE INDEX "order_customer_id_placed_at_idx" ON "order"("customer_id", "placed_at");

-- CreateIndex
CREATE UNIQUE INDEX "exchange_rates_currency_day_key" ON "exchange_rates"("currency", "day");

-- CreateIndex
CREATE UNIQUE INDEX "Review_customer_id_product_id_key" ON "Review"("customer_id", "product_id");

-- CreateIndex
CREATE INDEX "_CategoryToProduct_B_index" ON "_CategoryToProduct"("B");

-- AddForeignKey
ALTER TABLE "customers" ADD CONSTRAINT "customers_referrer_id_fkey" FOREIGN KEY ("referrer_id") REFERENCES "customers"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "customer_addresses" ADD CONSTRAINT "customer_addresses_customer_id_fkey" FOREIGN KEY ("customer_id") REFERENCES "customers"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Category" ADD CONSTRAINT "Category_parent_slug_fkey" FOREIGN KEY ("parent_slug") REFERENCES "Category"("slug") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "order" ADD CONSTRAINT "order_customer_id_fkey" FOREIGN KEY ("customer_id") REFERENCES "customers"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "order_lines" ADD CONSTRAINT "order_lines_order_id_fkey" FOREIGN KEY ("order_id") REFERENCES "order"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "order_lines" ADD CONSTRAINT "order_lines_product_id_fkey" FOREIGN KEY ("product_id") REFERENCES "Product Catalogue"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Payment" ADD CONSTRAINT "Payment_order_id_fkey" FOREIGN KEY ("order_id") REFERENCES "order"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Parcel" ADD CONSTRAINT "Parcel_order_id_fkey" FOREIGN KEY ("order_id") REFERENCES "order"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "StockMovement" ADD CONSTRAINT "StockMovement_productId_fkey" FOREIGN KEY ("productId") REFERENCES "Product Catalogue"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Review" ADD CONSTRAINT "Review_customer_id_fkey" FOREIGN KEY ("customer_id") REFERENCES "customers"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "Review" ADD CONSTRAINT "Review_product_id_fkey" FOREIGN KEY ("product_id") REFERENCES "Product Catalogue"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "_CategoryToProduct" ADD CONSTRAINT "_CategoryToProduct_A_fkey" FOREIGN KEY ("A") REFERENCES "Category"("slug") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "_CategoryToProduct" ADD CONSTRAINT "_CategoryToProduct_B_fkey" FOREIGN KEY ("B") REFERENCES "Product Catalogue"("id") ON DELETE CASCADE ON UPDATE CASCADE;
