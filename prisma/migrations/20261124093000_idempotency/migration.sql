-- CreateTable
CREATE TABLE "idempotency_keys" (
    "id" UUID NOT NULL,
    "token_id" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "request_hash" TEXT NOT NULL,
    "claimed_at" TIMESTAMPTZ(3) NOT NULL,
    "status" INTEGER,
    "content_type" TEXT,
    "body" TEXT,

    CONSTRAINT "idempotency_keys_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "idempotency_keys_claimed_at_idx" ON "idempotency_keys"("claimed_at");

-- CreateIndex
CREATE UNIQUE INDEX "idempotency_keys_token_id_key_key" ON "idempotency_keys"("token_id", "key");

-- From here on: what Prisma's schema language has no word for.

-- Checks
ALTER TABLE "idempotency_keys"
  ADD CONSTRAINT "idempotency_keys_key_check" CHECK ("key" ~ '^[!-~]{1,255}$'),
  ADD CONSTRAINT "idempotency_keys_answer_check" CHECK (num_nulls("status", "content_type", "body") IN (0, 3));
