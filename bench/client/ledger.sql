CREATE TABLE "Account" (
  "id" SERIAL NOT NULL,
  "name" TEXT NOT NULL,
  "code" TEXT,
  "balance" INTEGER NOT NULL DEFAULT 0,
  CONSTRAINT "Account_pkey" PRIMARY KEY ("id")
);

CREATE TABLE "Entry" (
  "id" SERIAL NOT NULL,
  "note" TEXT NOT NULL,
  "accountId" INTEGER,
  CONSTRAINT "Entry_pkey" PRIMARY KEY ("id")
);

CREATE UNIQUE INDEX "Account_code_key" ON "Account" ("code");

ALTER TABLE "Entry" ADD CONSTRAINT "Entry_accountId_fkey"
  FOREIGN KEY ("accountId") REFERENCES "Account" ("id") ON DELETE SET NULL ON UPDATE CASCADE;
