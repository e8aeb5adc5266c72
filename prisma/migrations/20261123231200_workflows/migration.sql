-- CreateEnum
CREATE TYPE "workflow_runner" AS ENUM ('GITHUB_ACTIONS', 'BUILDKITE', 'WEBHOOK');

-- CreateEnum
CREATE TYPE "run_phase" AS ENUM ('QUEUED', 'DISPATCHING', 'FOLLOWED', 'ENDED');

-- CreateEnum
CREATE TYPE "tracking_source" AS ENUM ('REQUEST', 'REPORT', 'EVENT', 'CHECK', 'CONCLUSION', 'RESOLUTION');

-- AlterTable
ALTER TABLE "deployments" ADD COLUMN     "source" "tracking_source" NOT NULL DEFAULT 'REQUEST';

-- AlterTable
ALTER TABLE "environments" ADD COLUMN     "deploy_workflow" JSONB;

-- AlterTable
ALTER TABLE "projects" ADD COLUMN     "build_workflow" JSONB;

-- CreateTable
CREATE TABLE "workflow_runs" (
    "id" UUID NOT NULL,
    "deployment_id" UUID,
    "candidate_id" UUID,
    "runner" "workflow_runner" NOT NULL,
    "workflow" JSONB NOT NULL,
    "scope" TEXT NOT NULL,
    "placeholders" JSONB NOT NULL,
    "phase" "run_phase" NOT NULL,
    "status" "deployment_status" NOT NULL,
    "source" "tracking_source" NOT NULL,
    "error_message" TEXT,
    "external_id" TEXT,
    "external_url" TEXT,
    "attempt" INTEGER NOT NULL DEFAULT 1,
    "tries" INTEGER NOT NULL DEFAULT 0,
    "claimed_at" TIMESTAMPTZ(3),
    "cancel_requested_at" TIMESTAMPTZ(3),
    "cancel_sent_at" TIMESTAMPTZ(3),
    "observed_at" TIMESTAMPTZ(3),
    "heard_at" TIMESTAMPTZ(3),
    "next_check_at" TIMESTAMPTZ(3),
    "quiet_checks" INTEGER NOT NULL DEFAULT 0,
    "missing_checks" INTEGER NOT NULL DEFAULT 0,
    "etag" TEXT,
    "deadline" TIMESTAMPTZ(3) NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "started_at" TIMESTAMPTZ(3),
    "finished_at" TIMESTAMPTZ(3),

    CONSTRAINT "workflow_runs_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "dispatch_attempts" (
    "id" UUID NOT NULL,
    "run_id" UUID NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "request" TEXT NOT NULL,
    "outcome" TEXT NOT NULL,
    "message" TEXT,

    CONSTRAINT "dispatch_attempts_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "rate_limits" (
    "credential" TEXT NOT NULL,
    "blocked_until" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "rate_limits_pkey" PRIMARY KEY ("credential")
);

-- CreateTable
CREATE TABLE "webhook_deliveries" (
    "provider" TEXT NOT NULL,
    "delivery_id" TEXT NOT NULL,
    "received_at" TIMESTAMPTZ(3) NOT NULL,
    "runner" "workflow_runner" NOT NULL,
    "scope" TEXT NOT NULL,
    "external_id" TEXT NOT NULL,
    "event" JSONB NOT NULL,
    "outcome" TEXT,

    CONSTRAINT "webhook_deliveries_pkey" PRIMARY KEY ("provider","delivery_id")
);

-- CreateIndex
CREATE UNIQUE INDEX "workflow_runs_deployment_id_key" ON "workflow_runs"("deployment_id");

-- CreateIndex
CREATE INDEX "workflow_runs_candidate_id_id_idx" ON "workflow_runs"("candidate_id", "id" DESC);

-- CreateIndex
CREATE INDEX "workflow_runs_next_check_at_idx" ON "workflow_runs"("next_check_at");

-- CreateIndex
CREATE UNIQUE INDEX "workflow_runs_runner_scope_external_id_attempt_key" ON "workflow_runs"("runner", "scope", "external_id", "attempt");

-- CreateIndex
CREATE INDEX "dispatch_attempts_run_id_id_idx" ON "dispatch_attempts"("run_id", "id");

-- CreateIndex
CREATE INDEX "webhook_deliveries_runner_scope_external_id_idx" ON "webhook_deliveries"("runner", "scope", "external_id");

-- CreateIndex
CREATE INDEX "webhook_deliveries_received_at_idx" ON "webhook_deliveries"("received_at");

-- AddForeignKey
ALTER TABLE "workflow_runs" ADD CONSTRAINT "workflow_runs_deployment_id_fkey" FOREIGN KEY ("deployment_id") REFERENCES "deployments"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "workflow_runs" ADD CONSTRAINT "workflow_runs_candidate_id_fkey" FOREIGN KEY ("candidate_id") REFERENCES "release_candidates"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "dispatch_attempts" ADD CONSTRAINT "dispatch_attempts_run_id_fkey" FOREIGN KEY ("run_id") REFERENCES "workflow_runs"("id") ON DELETE RESTRICT ON UPDATE CASCADE;


-- From here on: what Prisma's schema language has no word for.

-- What is known of the deployments there are was reported by pipelines.
UPDATE "deployments" SET "source" = 'REPORT' WHERE "reported_at" IS NOT NULL;

-- Checks
ALTER TABLE "projects"
  ADD CONSTRAINT "projects_build_workflow_check"
    CHECK ("build_workflow" ->> 'runner' IN ('GITHUB_ACTIONS', 'BUILDKITE', 'WEBHOOK'));

ALTER TABLE "environments"
  ADD CONSTRAINT "environments_deploy_workflow_check"
    CHECK ("deploy_workflow" ->> 'runner' IN ('GITHUB_ACTIONS', 'BUILDKITE', 'WEBHOOK'));

ALTER TABLE "workflow_runs"
  ADD CONSTRAINT "workflow_runs_subject_check" CHECK (("deployment_id" IS NULL) <> ("candidate_id" IS NULL)),
  ADD CONSTRAINT "workflow_runs_workflow_check" CHECK ("workflow" ->> 'runner' = "runner"::text),
  ADD CONSTRAINT "workflow_runs_scope_check" CHECK ("scope" = lower("scope")),
  ADD CONSTRAINT "workflow_runs_attempt_check" CHECK ("attempt" >= 1),
  ADD CONSTRAINT "workflow_runs_tries_check" CHECK ("tries" >= 0),
  ADD CONSTRAINT "workflow_runs_claimed_at_check" CHECK (("claimed_at" IS NOT NULL) = ("phase" = 'DISPATCHING')),
  ADD CONSTRAINT "workflow_runs_next_check_at_check" CHECK (("next_check_at" IS NULL) = ("phase" = 'ENDED')),
  ADD CONSTRAINT "workflow_runs_cancel_check" CHECK ("cancel_sent_at" IS NULL OR "cancel_requested_at" IS NOT NULL),
  ADD CONSTRAINT "workflow_runs_status_check"
    CHECK ("phase" <> 'ENDED' OR "status" IN ('SUCCESS', 'FAILURE', 'CANCELED', 'ERROR')),
  ADD CONSTRAINT "workflow_runs_finished_at_check"
    CHECK (("finished_at" IS NOT NULL) = ("status" IN ('SUCCESS', 'FAILURE', 'CANCELED', 'ERROR')));

ALTER TABLE "dispatch_attempts"
  ADD CONSTRAINT "dispatch_attempts_request_check" CHECK ("request" IN ('dispatch', 'cancel')),
  ADD CONSTRAINT "dispatch_attempts_outcome_check" CHECK ("outcome" IN ('accepted', 'refused', 'later', 'unclear'));

-- A candidate has one run at a time, so that two of them never quarrel about its status.
CREATE UNIQUE INDEX "workflow_runs_one_active_build" ON "workflow_runs" ("candidate_id") WHERE "phase" <> 'ENDED';

CREATE TRIGGER "workflow_runs_immutable" BEFORE UPDATE ON "workflow_runs"
  FOR EACH ROW EXECUTE FUNCTION "refuse_change"('deployment_id', 'candidate_id', 'runner', 'workflow', 'scope', 'attempt');

CREATE TRIGGER "dispatch_attempts_append_only" BEFORE UPDATE OR DELETE ON "dispatch_attempts"
  FOR EACH ROW EXECUTE FUNCTION "refuse_change"();
