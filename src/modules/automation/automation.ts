/** What Slipway does on an environment by itself. This is also how it is stored there, as JSON. */
export interface Automation {
  /** Deploys each candidate that becomes ready. */
  readonly deployWhenReady?: boolean
  /** Deploys each candidate that has succeeded in all of these environments: their keys. */
  readonly deployAfterSuccessIn?: readonly string[]
  /** Rolls back what ended as `FAILURE` or `ERROR`. */
  readonly rollBackOnFailure?: boolean
  /** Puts a candidate that is rolled back into quarantine. */
  readonly quarantineOnRollback?: boolean
}
