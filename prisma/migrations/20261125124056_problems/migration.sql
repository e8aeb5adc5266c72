-- CreateTable
CREATE TABLE "problems" (
    "work" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "payload" JSONB NOT NULL,
    "key" TEXT,
    "place" TEXT,
    "project_id" UUID NOT NULL,
    "deployment_id" UUID,
    "candidate_id" UUID,
    "environment_id" UUID,
    "message" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "problems_pkey" PRIMARY KEY ("work")
);

-- CreateIndex
CREATE INDEX "problems_project_id_idx" ON "problems"("project_id");

-- CreateIndex
CREATE INDEX "problems_deployment_id_at_idx" ON "problems"("deployment_id", "at");

-- CreateIndex
CREATE INDEX "problems_candidate_id_at_idx" ON "problems"("candidate_id", "at");

-- CreateIndex
CREATE INDEX "problems_environment_id_at_idx" ON "problems"("environment_id", "at");

-- AddForeignKey
ALTER TABLE "problems" ADD CONSTRAINT "problems_project_id_fkey" FOREIGN KEY ("project_id") REFERENCES "projects"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "problems" ADD CONSTRAINT "problems_deployment_id_fkey" FOREIGN KEY ("deployment_id") REFERENCES "deployments"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "problems" ADD CONSTRAINT "problems_candidate_id_fkey" FOREIGN KEY ("candidate_id") REFERENCES "release_candidates"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "problems" ADD CONSTRAINT "problems_environment_id_fkey" FOREIGN KEY ("environment_id") REFERENCES "environments"("id") ON DELETE CASCADE ON UPDATE CASCADE;


-- From here on: what Prisma's schema language has no word for.

ALTER TABLE "problems"
  ADD CONSTRAINT "problems_subject_check" CHECK (num_nonnulls("deployment_id", "candidate_id", "environment_id") = 1);

CREATE CONSTRAINT TRIGGER "problems_note_change" AFTER INSERT OR UPDATE OR DELETE ON "problems"
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION "note_project_change"();
