-- CreateEnum
CREATE TYPE "repository_host" AS ENUM ('GITHUB', 'GIT');

-- CreateEnum
CREATE TYPE "environment_tier" AS ENUM ('DEVELOPMENT', 'STAGING', 'PRODUCTION');

-- CreateEnum
CREATE TYPE "candidate_status" AS ENUM ('PENDING', 'BUILDING', 'READY', 'FAILED', 'CANCELED');

-- CreateEnum
CREATE TYPE "deployment_status" AS ENUM ('PENDING', 'IN_PROGRESS', 'CANCELING', 'UNKNOWN', 'SUCCESS', 'FAILURE', 'CANCELED', 'ERROR');

-- CreateTable
CREATE TABLE "projects" (
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "repository" TEXT NOT NULL,
    "repository_host" "repository_host" NOT NULL,
    "clone_url" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "projects_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "environments" (
    "id" UUID NOT NULL,
    "project_id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "tier" "environment_tier" NOT NULL,
    "last_deployment_number" INTEGER NOT NULL DEFAULT 0,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "environments_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "releases" (
    "id" UUID NOT NULL,
    "project_id" UUID NOT NULL,
    "version" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "releases_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "release_candidates" (
    "id" UUID NOT NULL,
    "project_id" UUID NOT NULL,
    "release_id" UUID NOT NULL,
    "number" INTEGER NOT NULL,
    "commit" TEXT NOT NULL,
    "status" "candidate_status" NOT NULL,
    "actor" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "release_candidates_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "deployments" (
    "id" UUID NOT NULL,
    "project_id" UUID NOT NULL,
    "environment_id" UUID NOT NULL,
    "number" INTEGER NOT NULL,
    "candidate_id" UUID NOT NULL,
    "previous_candidate_id" UUID,
    "status" "deployment_status" NOT NULL,
    "actor" TEXT NOT NULL,
    "error_message" TEXT,
    "external_url" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "started_at" TIMESTAMPTZ(3),
    "finished_at" TIMESTAMPTZ(3),
    "reported_at" TIMESTAMPTZ(3),

    CONSTRAINT "deployments_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "deployment_status_changes" (
    "id" UUID NOT NULL,
    "deployment_id" UUID NOT NULL,
    "status" "deployment_status" NOT NULL,
    "actor" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "recorded_at" TIMESTAMPTZ(3) NOT NULL,
    "message" TEXT,

    CONSTRAINT "deployment_status_changes_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "audit_events" (
    "id" UUID NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "actor" TEXT NOT NULL,
    "token_id" TEXT NOT NULL,
    "action" TEXT NOT NULL,
    "project_id" UUID,
    "subject_id" TEXT NOT NULL,
    "data" JSONB NOT NULL,

    CONSTRAINT "audit_events_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "revoked_tokens" (
    "id" TEXT NOT NULL,
    "revoked_at" TIMESTAMPTZ(3) NOT NULL,
    "revoked_by" TEXT NOT NULL,

    CONSTRAINT "revoked_tokens_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "projects_name_key" ON "projects"("name");

-- CreateIndex
CREATE INDEX "environments_project_id_tier_id_idx" ON "environments"("project_id", "tier", "id");

-- CreateIndex
CREATE UNIQUE INDEX "environments_project_id_name_key" ON "environments"("project_id", "name");

-- CreateIndex
CREATE UNIQUE INDEX "environments_id_project_id_key" ON "environments"("id", "project_id");

-- CreateIndex
CREATE INDEX "releases_project_id_id_idx" ON "releases"("project_id", "id" DESC);

-- CreateIndex
CREATE UNIQUE INDEX "releases_project_id_version_key" ON "releases"("project_id", "version");

-- CreateIndex
CREATE UNIQUE INDEX "releases_id_project_id_key" ON "releases"("id", "project_id");

-- CreateIndex
CREATE INDEX "release_candidates_release_id_id_idx" ON "release_candidates"("release_id", "id" DESC);

-- CreateIndex
CREATE UNIQUE INDEX "release_candidates_release_id_number_key" ON "release_candidates"("release_id", "number");

-- CreateIndex
CREATE UNIQUE INDEX "release_candidates_id_project_id_key" ON "release_candidates"("id", "project_id");

-- CreateIndex
CREATE INDEX "deployments_environment_id_status_number_idx" ON "deployments"("environment_id", "status", "number" DESC);

-- CreateIndex
CREATE INDEX "deployments_environment_id_status_finished_at_number_idx" ON "deployments"("environment_id", "status", "finished_at" DESC, "number" DESC);

-- CreateIndex
CREATE INDEX "deployments_candidate_id_environment_id_number_idx" ON "deployments"("candidate_id", "environment_id", "number" DESC);

-- CreateIndex
CREATE INDEX "deployments_candidate_id_id_idx" ON "deployments"("candidate_id", "id" DESC);

-- CreateIndex
CREATE UNIQUE INDEX "deployments_environment_id_number_key" ON "deployments"("environment_id", "number");

-- CreateIndex
CREATE INDEX "deployment_status_changes_deployment_id_at_id_idx" ON "deployment_status_changes"("deployment_id", "at", "id");

-- CreateIndex
CREATE INDEX "audit_events_project_id_id_idx" ON "audit_events"("project_id", "id" DESC);

-- CreateIndex
CREATE INDEX "audit_events_subject_id_id_idx" ON "audit_events"("subject_id", "id" DESC);

-- AddForeignKey
ALTER TABLE "environments" ADD CONSTRAINT "environments_project_id_fkey" FOREIGN KEY ("project_id") REFERENCES "projects"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "releases" ADD CONSTRAINT "releases_project_id_fkey" FOREIGN KEY ("project_id") REFERENCES "projects"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "release_candidates" ADD CONSTRAINT "release_candidates_release_id_project_id_fkey" FOREIGN KEY ("release_id", "project_id") REFERENCES "releases"("id", "project_id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "deployments" ADD CONSTRAINT "deployments_environment_id_project_id_fkey" FOREIGN KEY ("environment_id", "project_id") REFERENCES "environments"("id", "project_id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "deployments" ADD CONSTRAINT "deployments_candidate_id_project_id_fkey" FOREIGN KEY ("candidate_id", "project_id") REFERENCES "release_candidates"("id", "project_id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "deployments" ADD CONSTRAINT "deployments_previous_candidate_id_fkey" FOREIGN KEY ("previous_candidate_id") REFERENCES "release_candidates"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "deployment_status_changes" ADD CONSTRAINT "deployment_status_changes_deployment_id_fkey" FOREIGN KEY ("deployment_id") REFERENCES "deployments"("id") ON DELETE RESTRICT ON UPDATE CASCADE;


-- From here on: what Prisma's schema language has no word for.

-- Checks
ALTER TABLE "projects"
  ADD CONSTRAINT "projects_name_check" CHECK ("name" ~ '^[A-Za-z0-9_ -]{1,100}$'),
  ADD CONSTRAINT "projects_repository_check" CHECK ("repository" ~ '^[^/[:space:]]+/[^/[:space:]]+$'),
  ADD CONSTRAINT "projects_clone_url_check" CHECK (("clone_url" IS NOT NULL) = ("repository_host" = 'GIT'));

ALTER TABLE "environments"
  ADD CONSTRAINT "environments_name_check" CHECK ("name" ~ '^[A-Za-z0-9_-]{1,100}$'),
  ADD CONSTRAINT "environments_last_deployment_number_check" CHECK ("last_deployment_number" >= 0);

ALTER TABLE "releases"
  ADD CONSTRAINT "releases_version_check" CHECK ("version" ~ '^[A-Za-z0-9][A-Za-z0-9._+@/-]{0,99}$');

ALTER TABLE "release_candidates"
  ADD CONSTRAINT "release_candidates_number_check" CHECK ("number" BETWEEN 1 AND 999999999),
  ADD CONSTRAINT "release_candidates_commit_check" CHECK ("commit" ~ '^([0-9a-f]{40}|[0-9a-f]{64})$'),
  ADD CONSTRAINT "release_candidates_actor_check" CHECK ("actor" <> '');

ALTER TABLE "deployments"
  ADD CONSTRAINT "deployments_number_check" CHECK ("number" >= 1),
  ADD CONSTRAINT "deployments_actor_check" CHECK ("actor" <> ''),
  ADD CONSTRAINT "deployments_started_at_check" CHECK ("started_at" IS NOT NULL OR "status" = 'PENDING'),
  ADD CONSTRAINT "deployments_finished_at_check"
    CHECK (("finished_at" IS NOT NULL) = ("status" IN ('SUCCESS', 'FAILURE', 'CANCELED', 'ERROR')));

ALTER TABLE "deployment_status_changes"
  ADD CONSTRAINT "deployment_status_changes_actor_check" CHECK ("actor" <> '');

ALTER TABLE "audit_events"
  ADD CONSTRAINT "audit_events_actor_check" CHECK ("actor" <> '');

-- What is written once and never again. Arguments of a trigger name the columns it guards; none: the whole row.
CREATE FUNCTION "refuse_change"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_NARGS = 0 THEN
    RAISE EXCEPTION 'rows of % are never changed', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  FOR i IN 0 .. TG_NARGS - 1 LOOP
    IF to_jsonb(OLD) -> TG_ARGV[i] IS DISTINCT FROM to_jsonb(NEW) -> TG_ARGV[i] THEN
      RAISE EXCEPTION '%.% is never changed', TG_TABLE_NAME, TG_ARGV[i]
        USING ERRCODE = 'integrity_constraint_violation';
    END IF;
  END LOOP;
  RETURN NEW;
END
$$;

CREATE TRIGGER "projects_immutable" BEFORE UPDATE ON "projects"
  FOR EACH ROW EXECUTE FUNCTION "refuse_change"('repository', 'repository_host');

CREATE TRIGGER "release_candidates_immutable" BEFORE UPDATE ON "release_candidates"
  FOR EACH ROW EXECUTE FUNCTION "refuse_change"('commit', 'number', 'release_id');

CREATE TRIGGER "deployment_status_changes_append_only" BEFORE UPDATE OR DELETE ON "deployment_status_changes"
  FOR EACH ROW EXECUTE FUNCTION "refuse_change"();

CREATE TRIGGER "audit_events_append_only" BEFORE UPDATE OR DELETE ON "audit_events"
  FOR EACH ROW EXECUTE FUNCTION "refuse_change"();
