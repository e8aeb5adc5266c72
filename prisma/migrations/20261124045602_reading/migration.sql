-- CreateTable
CREATE TABLE "project_changes" (
    "project_id" UUID NOT NULL,
    "version" BIGINT NOT NULL,
    "transaction" xid8 NOT NULL,

    CONSTRAINT "project_changes_pkey" PRIMARY KEY ("project_id")
);

-- CreateIndex
CREATE INDEX "deployments_environment_id_actor_number_idx" ON "deployments"("environment_id", "actor", "number" DESC);

-- CreateIndex
CREATE INDEX "deployments_environment_id_created_at_number_idx" ON "deployments"("environment_id", "created_at" DESC, "number" DESC);

-- CreateIndex
CREATE INDEX "release_candidates_project_id_commit_idx" ON "release_candidates"("project_id", "commit" COLLATE "C");

-- AddForeignKey
ALTER TABLE "project_changes" ADD CONSTRAINT "project_changes_project_id_fkey" FOREIGN KEY ("project_id") REFERENCES "projects"("id") ON DELETE CASCADE ON UPDATE CASCADE;


-- From here on: what Prisma's schema language has no word for.

-- What is on its way to an environment is found at once, however long its history is.
CREATE INDEX "deployments_active" ON "deployments" ("environment_id", "number" DESC) WHERE "finished_at" IS NULL;

-- The version of a project changes with all that is shown of it.
CREATE SEQUENCE "project_versions" OWNED BY "project_changes"."version";

CREATE FUNCTION "note_project_change"() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  "changed" record := coalesce(NEW, OLD);
  "project" uuid;
BEGIN
  CASE TG_TABLE_NAME
    WHEN 'projects' THEN
      "project" := "changed"."id";
    WHEN 'deployment_status_changes' THEN
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
  -- A project that is gone has no version.
  INSERT INTO "project_changes" ("project_id", "version", "transaction")
  SELECT "id", nextval('project_versions'), pg_current_xact_id() FROM "projects" WHERE "id" = "project"
  ON CONFLICT ("project_id") DO UPDATE SET "version" = nextval('project_versions'), "transaction" = pg_current_xact_id()
    WHERE "project_changes"."transaction" <> pg_current_xact_id();
  RETURN NULL;
END
$$;

-- Deferred: the row of a project's version is locked last of all, and only while its transaction is being committed.
CREATE CONSTRAINT TRIGGER "projects_note_change" AFTER INSERT OR UPDATE ON "projects"
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION "note_project_change"();
CREATE CONSTRAINT TRIGGER "environments_note_change" AFTER INSERT OR UPDATE OR DELETE ON "environments"
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION "note_project_change"();
CREATE CONSTRAINT TRIGGER "releases_note_change" AFTER INSERT OR UPDATE OR DELETE ON "releases"
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION "note_project_change"();
CREATE CONSTRAINT TRIGGER "release_candidates_note_change" AFTER INSERT OR UPDATE OR DELETE ON "release_candidates"
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION "note_project_change"();
CREATE CONSTRAINT TRIGGER "deployments_note_change" AFTER INSERT OR UPDATE OR DELETE ON "deployments"
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION "note_project_change"();
CREATE CONSTRAINT TRIGGER "deployment_status_changes_note_change" AFTER INSERT ON "deployment_status_changes"
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION "note_project_change"();
CREATE CONSTRAINT TRIGGER "workflow_runs_note_change" AFTER INSERT OR UPDATE OR DELETE ON "workflow_runs"
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION "note_project_change"();
CREATE CONSTRAINT TRIGGER "dispatch_attempts_note_change" AFTER INSERT ON "dispatch_attempts"
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION "note_project_change"();

INSERT INTO "project_changes" SELECT "id", nextval('project_versions'), pg_current_xact_id() FROM "projects";
