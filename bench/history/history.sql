CREATE TYPE "Status" AS ENUM ('open', 'paid', 'sent');
CREATE TABLE "Order" (
  "id" BIGINT NOT NULL,
  "customer_id" UUID NOT NULL,
  "status" "Status" NOT NULL DEFAULT 'open',
  "placed_at" TIMESTAMPTZ(3) NOT NULL,
  "paid" BOOLEAN NOT NULL DEFAULT false,
  "total" DECIMAL(12,2) NOT NULL,
  "note" TEXT,
  "client_ip" TEXT,
  "sent_at" TIMESTAMPTZ(3),
  "version" INTEGER NOT NULL,
  CONSTRAINT "Order_pkey" PRIMARY KEY ("id")
);
