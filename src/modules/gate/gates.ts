/** What happens to a deployment while another one is active on the environment. */
export const Lane = { ALLOW: 'ALLOW', REJECT: 'REJECT', QUEUE: 'QUEUE', SUPERSEDE: 'SUPERSEDE' } as const
export type Lane = (typeof Lane)[keyof typeof Lane]

/** The candidate must have succeeded elsewhere before. */
export interface PromotionGate {
  /** Keys of environments of the same project. */
  readonly environmentIds: readonly string[]
  /** So long ago, at least. */
  readonly soakMinutes: number
}

/** People must have approved of it. */
export interface ApprovalGate {
  readonly requiredApprovals: number
  /** Whose approvals count; null: those of everybody with the role. */
  readonly approvers: readonly string[] | null
}

/** What a deployment has to pass to start on an environment. This is also how it is stored there, as JSON. */
export interface Gates {
  readonly promotion?: PromotionGate | null
  readonly approval?: ApprovalGate | null
  /** Without one: `ALLOW`. */
  readonly lane?: Lane | null
  /** What has waited so long is canceled; without it, it waits for ever. */
  readonly expiresAfterHours?: number | null
}

/** Whether at most one deployment is active on the environment at a time. */
export function isExclusive({ lane }: Gates): boolean {
  return lane != null && lane !== Lane.ALLOW
}
