import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createProject } from '../support/seed.js'
import { useSlipway } from '../support/slipway.js'

const slipway = useSlipway()

const VERSIONS = ['v1-rc1', 'v1-rc2', 'v2-rc1'] as const
const ACTIVE = ['pending', 'in_progress', 'canceling', 'unknown'] as const
const FINISHED = ['success', 'failure', 'canceled', 'error'] as const

type Version = (typeof VERSIONS)[number]
type Status = (typeof ACTIVE)[number] | (typeof FINISHED)[number]

interface Step {
  readonly kind: 'deploy' | 'report'
  readonly version: Version
  readonly status: Status
  /** Seconds before the run began at which it happened. Distinct enough to be old, equal and new. */
  readonly secondsAgo: number
}

interface ModelDeployment {
  readonly version: Version
  readonly from: Version | null
  status: Status
  reportedAt: number | null
  endedAt: number | null
  history: number
}

const isFinished = (status: Status) => FINISHED.some(finished => finished === status)

/** The rules of the contract, written down once more as plainly as they stand there. */
class Model {
  readonly deployments: ModelDeployment[] = []

  deploy(version: Version): void {
    this.create(version, 'pending', null)
  }

  report(version: Version, status: Status, at: number): void {
    const newest = this.deployments.findLast(deployment => deployment.version === version)
    if (newest === undefined) {
      this.create(version, status, at)
    } else if (newest.reportedAt !== null && at < newest.reportedAt) {
      newest.history++
    } else if (at === newest.reportedAt && status === newest.status) {
      // The last report once more.
    } else if (isFinished(newest.status) && (!isFinished(status) || newest !== this.deployments.at(-1))) {
      this.create(version, status, at)
    } else if (status !== newest.status) {
      newest.status = status
      newest.reportedAt = at
      newest.endedAt = isFinished(status) ? at : null
      newest.history++
    }
  }

  current(): Version | null {
    let current: ModelDeployment | null = null
    for (const deployment of this.deployments) {
      if (deployment.status !== 'success') continue
      if (current === null || (deployment.endedAt ?? 0) >= (current.endedAt ?? 0)) current = deployment
    }
    return current?.version ?? null
  }

  private create(version: Version, status: Status, at: number | null): void {
    const from = this.current()
    this.deployments.push({
      version,
      from,
      status,
      reportedAt: at,
      endedAt: isFinished(status) ? at : null,
      history: 1,
    })
  }
}

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom('deploy', 'report', 'report', 'report', 'report'),
  version: fc.constantFrom(...VERSIONS),
  status: fc.constantFrom(...ACTIVE, ...FINISHED, 'success', 'in_progress'),
  secondsAgo: fc.integer({ min: 0, max: 12 }),
})

test('whatever is reported in whatever order, the server keeps what the rules say', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 20 }), async steps => {
      const project = await createProject(slipway)
      const environment = await project.createEnvironment()
      for (const version of VERSIONS) await project.cut(version)
      const model = new Model()
      const start = Date.now()
      for (const { kind, version, status, secondsAgo } of steps) {
        const at = start - secondsAgo * 1_000
        if (kind === 'deploy') {
          model.deploy(version)
          expect(await environment.deploy(version)).toMatchObject({ status: 201 })
        } else {
          model.report(version, status, at)
          const answer = await environment.report(version, status, { occurred_at: new Date(at).toISOString() })
          expect(answer).toMatchObject({ status: 200 })
        }
      }
      const rows = await slipway.database.deployment.findMany({
        where: { environment: { name: environment.name } },
        orderBy: { number: 'asc' },
        include: { statusChanges: true },
      })
      const listed = (await environment.list('?per_page=100')).reverse()
      expect(
        listed.map((deployment, index) => ({
          version: deployment.release_candidate_version,
          from: deployment.from_release_candidate_version,
          status: deployment.status,
          reportedAt: rows[index]?.reportedAt?.getTime() ?? null,
          endedAt: deployment.deploy_end_at === null ? null : Date.parse(deployment.deploy_end_at),
          history: rows[index]?.statusChanges.length,
        })),
      ).toEqual(model.deployments)
      expect(await environment.current()).toBe(model.current())
    }),
    { numRuns: 60 },
  )
})
