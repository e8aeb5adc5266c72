import { type Actor, hasRole, maySeeProject, type Role } from '../../core/actor.js'
import { SlipwayError } from '../../core/errors.js'

/** Every action there is, and the least role it takes (contract, section 5). Audit events carry the same names. */
const ACTIONS = {
  'project.create': 'admin',
  'project.update': 'admin',
  'environment.create': 'admin',
  'environment.update': 'admin',
  'environment.refresh': 'deployer',
  'environment.rollback': 'deployer',
  'environment.resume': 'approver',
  'freeze.create': 'approver',
  'freeze.lift': 'approver',
  'release.create': 'deployer',
  'candidate.quarantine': 'deployer',
  'candidate.release': 'approver',
  'build.report': 'deployer',
  'build.sync': 'deployer',
  'build.cancel': 'deployer',
  'build.resolve': 'deployer',
  'build.refresh': 'deployer',
  'deployment.create': 'deployer',
  'deployment.force': 'approver',
  'deployment.approve': 'approver',
  'deployment.reject': 'approver',
  'deployment.report': 'deployer',
  'deployment.sync': 'deployer',
  'deployment.cancel': 'deployer',
  'deployment.resolve': 'deployer',
  'deployment.refresh': 'deployer',
  'token.revoke': 'admin',
} as const satisfies Record<string, Role>

export type Action = keyof typeof ACTIONS

/** @throws SlipwayError `FORBIDDEN` when the actor's role does not allow the action */
export function authorize(actor: Actor, action: Action): void {
  if (!hasRole(actor, ACTIONS[action])) {
    throw new SlipwayError('FORBIDDEN', {
      details: `This takes the role ${ACTIONS[action]}, and the token's role is ${actor.role}.`,
    })
  }
}

/** @throws SlipwayError `FORBIDDEN` when the actor's token is limited to projects and this name is not among them */
export function authorizeProjectName(actor: Actor, name: string): void {
  if (!maySeeProject(actor, name)) {
    throw new SlipwayError('FORBIDDEN', { details: `The token is limited to projects other than "${name}".` })
  }
}
