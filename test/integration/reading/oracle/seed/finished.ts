import type { DeploymentStatus } from '../../../../../src/database/generated/enums.js'

const FINISHED: ReadonlySet<DeploymentStatus> = new Set(['SUCCESS', 'FAILURE', 'CANCELED', 'ERROR'])

export function isFinished(status: DeploymentStatus): boolean {
  return FINISHED.has(status)
}
