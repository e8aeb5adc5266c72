-- CreateEnum
CREATE TYPE "deployment_kind" AS ENUM ('DEPLOYMENT', 'ROLLBACK');

-- CreateEnum
CREATE TYPE "review_verdict" AS ENUM ('APPROVED', 'REJECTED');

-- AlterTable
ALTER TABLE "deployments" ADD COLUMN     "admitted_at" TIMESTAMPTZ(3),
ADD COLUMN     "expires_at" TIMESTAMPTZ(3),
ADD COLUMN     "is_automatic" BOOLEAN NOT NULL DEFAULT false,
ADD COLUMN     "is_forced" BOOLEAN NOT NULL DEFAULT false,
ADD COLUMN     "kind" "deployment_kind" NOT NULL DEFAULT 'DEPLOYMENT',
ADD COLUMN     "reason" TEXT,
ADD COLUMN     "request_key" UUID,
ADD COLUMN     "undoes_id" UUID;

-- AlterTable
ALTER TABLE "environments" ADD COLUMN     "automation" JSONB NOT NULL DEFAULT '{}',
ADD COLUMN     "gates" JSONB NOT NULL DEFAULT '{}',
ADD COLUMN     "held_at" TIMESTAMPTZ(3),
ADD COLUMN     "hold_reason" TEXT,
ADD COLUMN     "next_look_at" TIMESTAMPTZ(3),
ADD COLUMN     "waiting_deployments" INTEGER NOT NULL DEFAULT 0;

-- AlterTable
ALTER TABLE "release_candidates" ADD COLUMN     "quarantine_reason" TEXT,
ADD COLUMN     "quarantined_at" TIMESTAMPTZ(3),
ADD COLUMN     "quarantined_by" TEXT;

-- CreateTable
CREATE TABLE "deployment_reviews" (
    "id" UUID NOT NULL,
    "deployment_id" UUID NOT NULL,
    "environment_id" UUID NOT NULL,
    "candidate_id" UUID NOT NULL,
    "verdict" "review_verdict" NOT NULL,
    "actor" TEXT NOT NULL,
    "comment" TEXT,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "withdrawn_at" TIMESTAMPTZ(3),

    CONSTRAINT "deployment_reviews_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "freezes" (
    "id" UUID NOT NULL,
    "project_id" UUID,
    "environment_ids" UUID[],
    "starts_at" TIMESTAMPTZ(3) NOT NULL,
    "ends_at" TIMESTAMPTZ(3),
    "rrule" TEXT,
    "duration" TEXT,
    "time_zone" TEXT,
    "is_emergency" BOOLEAN NOT NULL DEFAULT false,
    "reason" TEXT NOT NULL,
    "actor" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "suspended_until" TIMESTAMPTZ(3),
    "lifted_at" TIMESTAMPTZ(3),
    "lifted_by" TEXT,

    CONSTRAINT "freezes_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "deployment_reviews_deployment_id_id_idx" ON "deployment_reviews"("deployment_id", "id");

-- CreateIndex
CREATE INDEX "deployment_reviews_candidate_id_environment_id_idx" ON "deployment_reviews"("candidate_id", "environment_id");

-- CreateIndex
CREATE INDEX "freezes_project_id_idx" ON "freezes"("project_id");

-- AddForeignKey
ALTER TABLE "deployments" ADD CONSTRAINT "deployments_undoes_id_fkey" FOREIGN KEY ("undoes_id") REFERENCES "deployments"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "deployment_reviews" ADD CONSTRAINT "deployment_reviews_deployment_id_fkey" FOREIGN KEY ("deployment_id") REFERENCES "deployments"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "deployment_reviews" ADD CONSTRAINT "deployment_reviews_environment_id_fkey" FOREIGN KEY ("environment_id") REFERENCES "environments"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "deployment_reviews" ADD CONSTRAINT "deployment_reviews_candidate_id_fkey" FOREIGN KEY ("candidate_id") REFERENCES "release_candidates"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "freezes" ADD CONSTRAINT "freezes_project_id_fkey" FOREIGN KEY ("project_id") REFERENCES "projects"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- From here on: what Prisma's schema language has no word for.

-- No deployment there is waits for anything but its run.
UPDATE "deployments" SET "admitted_at" = "created_at";

-- Checks
ALTER TABLE "environments"
  ADD CONSTRAINT "environments_gates_check" CHECK (jsonb_typeof("gates") = 'object'),
  ADD CONSTRAINT "environments_automation_check" CHECK (jsonb_typeof("automation") = 'object'),
  ADD CONSTRAINT "environments_waiting_deployments_check" CHECK ("waiting_deployments" >= 0),
  ADD CONSTRAINT "environments_hold_check" CHECK (("held_at" IS NULL) = ("hold_reason" IS NULL));

ALTER TABLE "release_candidates"
  ADD CONSTRAINT "release_candidates_quarantine_check"
    CHECK (num_nulls("quarantined_at", "quarantined_by", "quarantine_reason") IN (0, 3));

-- What was not let through has not run: it waits, or was canceled.
ALTER TABLE "deployments"
  ADD CONSTRAINT "deployments_admitted_at_check" CHECK ("admitted_at" IS NOT NULL OR "status" IN ('PENDING', 'CANCELED')),
  ADD CONSTRAINT "deployments_undoes_check" CHECK ("undoes_id" IS NULL OR "kind" = 'ROLLBACK');

ALTER TABLE "deployment_reviews"
  ADD CONSTRAINT "deployment_reviews_actor_check" CHECK ("actor" <> ''),
  ADD CONSTRAINT "deployment_reviews_comment_check" CHECK ("verdict" = 'APPROVED' OR "comment" <> ''),
  ADD CONSTRAINT "deployment_reviews_withdrawn_at_check" CHECK ("verdict" = 'APPROVED' OR "withdrawn_at" IS NULL);

ALTER TABLE "freezes"
  ADD CONSTRAINT "freezes_actor_check" CHECK ("actor" <> ''),
  ADD CONSTRAINT "freezes_reason_check" CHECK ("reason" <> ''),
  ADD CONSTRAINT "freezes_environment_ids_check" CHECK ("environment_ids" IS NOT NULL AND ("project_id" IS NOT NULL OR cardinality("environment_ids") = 0)),
  ADD CONSTRAINT "freezes_ends_at_check" CHECK ("ends_at" > "starts_at"),
  ADD CONSTRAINT "freezes_recurrence_check" CHECK (num_nulls("rrule", "duration", "time_zone") IN (0, 3)),
  ADD CONSTRAINT "freezes_suspended_until_check" CHECK ("suspended_until" IS NULL OR "rrule" IS NOT NULL),
  ADD CONSTRAINT "freezes_lifted_check" CHECK (("lifted_at" IS NULL) = ("lifted_by" IS NULL));

-- What waits for its gates is found at once, in the order in which it was asked for; and what occupies the lane.
CREATE INDEX "deployments_waiting" ON "deployments" ("environment_id", "number")
  WHERE "finished_at" IS NULL AND "admitted_at" IS NULL;
CREATE INDEX "deployments_running" ON "deployments" ("environment_id", "number")
  WHERE "finished_at" IS NULL AND "admitted_at" IS NOT NULL;
CREATE INDEX "deployments_expiring" ON "deployments" ("environment_id", "expires_at")
  WHERE "finished_at" IS NULL AND "admitted_at" IS NULL;
CREATE INDEX "deployments_undoes" ON "deployments" ("undoes_id") WHERE "undoes_id" IS NOT NULL;
CREATE INDEX "environments_next_look_at" ON "environments" ("next_look_at") WHERE "next_look_at" IS NOT NULL;
CREATE INDEX "freezes_binding" ON "freezes" ("project_id") WHERE "lifted_at" IS NULL;

-- A request creates one deployment, however often it is repeated.
CREATE UNIQUE INDEX "deployments_one_per_request" ON "deployments" ("request_key") WHERE "request_key" IS NOT NULL;
-- Automation undoes a deployment once, and deploys a candidate to an environment once.
CREATE UNIQUE INDEX "deployments_one_automatic_rollback" ON "deployments" ("undoes_id")
  WHERE "is_automatic" AND "kind" = 'ROLLBACK';
CREATE UNIQUE INDEX "deployments_one_automatic_deployment" ON "deployments" ("environment_id", "candidate_id")
  WHERE "is_automatic" AND "kind" = 'DEPLOYMENT';
-- A person approves a candidate for an environment once.
CREATE UNIQUE INDEX "deployment_reviews_one_approval" ON "deployment_reviews" ("environment_id", "candidate_id", "actor")
  WHERE "verdict" = 'APPROVED' AND "withdrawn_at" IS NULL;

-- The version of a project changes with its reviews and freezes, too; that of all projects with a freeze of all.
CREATE OR REPLACE FUNCTION "note_project_change"() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  "changed" record := coalesce(NEW, OLD);
  "project" uuid;
BEGIN
  CASE TG_TABLE_NAME
    WHEN 'projects' THEN
      "project" := "changed"."id";
    WHEN 'deployment_status_changes', 'deployment_reviews' THEN
      SELECT "project_id" INTO "project" FROM "deployments" WHERE "id" = "changed"."deployment_id";
    WHEN 'workflow_runs' THEN
      SELECT "project_id" INTO "project" FROM "deployments" WHERE "id" = "changed"."deployment_id"
      UNION ALL
      SELECT "project_id" FROM "release_candidates" WHERE "id" = "changed"."candidate_id";
    WHEN 'dispatch_attempts' THEN
      SELECT coalesce("deployment"."project_id", "candidate"."project_id") INTO "project"
      FROM "workflow_runs" AS "run"
      LEFT JOIN "deployments" AS "deployment" ON "deployment"."id" = "run"."deployment_id"
      LEFT JOIN "release_candidates" AS "candidate" ON "candidate"."id" = "run"."candidate_id"
      WHERE "run"."id" = "changed"."run_id";
    ELSE
      "project" := "changed"."project_id";
  END CASE;
  IF "project" IS NULL AND TG_TABLE_NAME = 'freezes' THEN
    -- In the order of their keys, so that two that change all projects do not wait for each other.
    PERFORM FROM "project_changes" ORDER BY "project_id" FOR UPDATE;
    UPDATE "project_changes" SET "version" = nextval('project_versions'), "transaction" = pg_current_xact_id();
    RETURN NULL;
  END IF;
  -- A project that is gone has no version.
  INSERT INTO "project_changes" ("project_id", "version", "transaction")
  SELECT "id", nextval('project_versions'), pg_current_xact_id() FROM "projects" WHERE "id" = "project"
  ON CONFLICT ("project_id") DO UPDATE SET "version" = nextval('project_versions'), "transaction" = pg_current_xact_id()
    WHERE "project_changes"."transaction" <> pg_current_xact_id();
  RETURN NULL;
END
$$;

CREATE CONSTRAINT TRIGGER "deployment_reviews_note_change" AFTER INSERT OR UPDATE ON "deployment_reviews"
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION "note_project_change"();
CREATE CONSTRAINT TRIGGER "freezes_note_change" AFTER INSERT OR UPDATE ON "freezes"
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION "note_project_change"();
