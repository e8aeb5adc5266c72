import type { DeploymentStatus } from '../../database/generated/enums.js'
import { isFinished } from './deployment.status.js'

/** A report of a status, with the time from which it counts. */
export interface Report {
  readonly status: DeploymentStatus
  readonly at: Date
}

/** What matters of the newest deployment of the reported candidate on the environment. */
export interface ReportedDeployment {
  readonly status: DeploymentStatus
  /** The time of the newest report that was taken for it; null before the first. */
  readonly reportedAt: Date | null
  /** Whether nothing has been deployed to the environment since. */
  readonly isNewestOfEnvironment: boolean
}

/**
 * - `create`: a new run has begun, it becomes a deployment;
 * - `update`: the deployment gets the reported status;
 * - `keep`: too late to count, only the history gets it;
 * - `ignore`: says nothing new.
 */
export type ReportVerdict = 'create' | 'update' | 'keep' | 'ignore'

/**
 * Decides which deployment a report speaks of and what it does to it (contract, section 2). A report with the time and
 * the status of the last one is that one again: pipelines repeat a call whose answer they did not get, also after
 * something else was deployed.
 */
export function judgeReport(report: Report, newest: ReportedDeployment | null): ReportVerdict {
  if (newest === null) return 'create'
  if (newest.reportedAt !== null && report.at < newest.reportedAt) return 'keep'
  const sameStatus = report.status === newest.status
  if (sameStatus && report.at.getTime() === newest.reportedAt?.getTime()) return 'ignore'
  if (isFinished(newest.status) && (!isFinished(report.status) || !newest.isNewestOfEnvironment)) return 'create'
  return sameStatus ? 'ignore' : 'update'
}
