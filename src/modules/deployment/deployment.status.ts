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
  const startedAt = before?.startedAt ?? null
  return {
    status,
    startedAt: startedAt ?? (status === DeploymentStatus.PENDING ? null : at),
    finishedAt: isFinished(status) ? at : null,
  }
}
