import type { Deployment } from '../../database/generated/client.js'
import { DeploymentStatus } from '../../database/generated/enums.js'

const FINISHED: ReadonlySet<DeploymentStatus> = new Set([
  DeploymentStatus.SUCCESS,
  DeploymentStatus.FAILURE,
  DeploymentStatus.CANCELED,
  DeploymentStatus.ERROR,
])

/** Whether a deployment of this status has come to its end. The others are active. */
export function isFinished(status: DeploymentStatus): boolean {
  return FINISHED.has(status)
}

/** Whether a deployment waits for its gates. It holds nothing meanwhile. */
export function isWaiting({ finishedAt, admittedAt }: Pick<Deployment, 'finishedAt' | 'admittedAt'>): boolean {
  return finishedAt === null && admittedAt === null
}

/** What of a deployment follows from the statuses it had. */
export interface StatusTimes {
  readonly status: DeploymentStatus
  /** When it first left `PENDING`. */
  readonly startedAt: Date | null
  /** When it got the finished status it has; null exactly while it is active. */
  readonly finishedAt: Date | null
}

/** The status and times of a deployment that got `status` at `at`; `before` is null when it begins with it. */
export function enterStatus(before: StatusTimes | null, status: DeploymentStatus, at: Date): StatusTimes {
  const known = before?.startedAt ?? null
  const hasLeft = status !== DeploymentStatus.PENDING
  return {
    status,
    // An end that is learned late may lie before the start that was known.
    startedAt: hasLeft && (known === null || known > at) ? at : known,
    finishedAt: isFinished(status) ? at : null,
  }
}
