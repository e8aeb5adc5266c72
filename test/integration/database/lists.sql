-- The lists that queries offer, in the order and by the conditions that they are read with.
SELECT id FROM projects WHERE id < gen_random_uuid() ORDER BY id DESC LIMIT 21;
SELECT id FROM environments WHERE project_id = '0197a000-0000-7000-8000-000000000001' ORDER BY tier, id;
SELECT id FROM releases WHERE project_id = '0197a000-0000-7000-8000-000000000001' ORDER BY id DESC LIMIT 21;
SELECT id FROM release_candidates WHERE release_id = '0197a000-0000-7000-8000-000000000005' ORDER BY id DESC;
SELECT id FROM deployments WHERE environment_id = '0197a000-0000-7000-8000-000000000003' AND number < 9 ORDER BY number DESC LIMIT 21;
SELECT id FROM deployments WHERE environment_id = '0197a000-0000-7000-8000-000000000003' AND status = 'FAILURE' ORDER BY number DESC LIMIT 21;
SELECT id FROM deployments WHERE environment_id = '0197a000-0000-7000-8000-000000000003' AND status = 'SUCCESS' ORDER BY finished_at DESC, number DESC LIMIT 1;
SELECT id FROM deployments WHERE candidate_id = '0197a000-0000-7000-8000-000000000006' ORDER BY id DESC LIMIT 21;
SELECT id FROM deployments WHERE candidate_id = '0197a000-0000-7000-8000-000000000006' AND environment_id = '0197a000-0000-7000-8000-000000000003' ORDER BY number DESC LIMIT 1;
SELECT id FROM deployment_status_changes WHERE deployment_id = '0197a000-0000-7000-8000-000000000007' ORDER BY at, id;
SELECT id FROM workflow_runs WHERE deployment_id = '0197a000-0000-7000-8000-000000000007';
SELECT id FROM workflow_runs WHERE candidate_id = '0197a000-0000-7000-8000-000000000006' ORDER BY id DESC LIMIT 1;
SELECT id FROM workflow_runs WHERE runner = 'WEBHOOK' AND scope = 'x' AND external_id = '1' ORDER BY attempt DESC LIMIT 1;
SELECT id FROM workflow_runs WHERE next_check_at < now() ORDER BY next_check_at LIMIT 1000;
SELECT id FROM dispatch_attempts WHERE run_id = '0197a000-0000-7000-8000-000000000008' ORDER BY id;
SELECT event FROM webhook_deliveries WHERE runner = 'WEBHOOK' AND scope = 'x' AND external_id = '1';
