/** The class of an error as GraphQL clients see it in `extensions.code`. */
export type ErrorCode =
  | 'BAD_USER_INPUT'
  | 'UNAUTHENTICATED'
  | 'FORBIDDEN'
  | 'NOT_FOUND'
  | 'CONFLICT'
  | 'UNAVAILABLE'
  | 'RATE_LIMITED'
  | 'INTERNAL_SERVER_ERROR'

interface ErrorKind {
  readonly code: ErrorCode
  readonly status: number
  /** What the user reads. A specific sentence may take its place where the table cannot know it. */
  readonly message: string
}

/**
 * Every way in which a request can end without what it asked for: the one table from which GraphQL errors and REST
 * answers are made. The messages are part of the public API, pipelines compare them.
 */
const ERRORS = {
  INVALID_INPUT: { code: 'BAD_USER_INPUT', status: 400, message: 'Invalid input' },
  INVALID_CANDIDATE_VERSION: { code: 'BAD_USER_INPUT', status: 400, message: 'Invalid release candidate version' },
  INVALID_COMMIT: { code: 'BAD_USER_INPUT', status: 400, message: 'Invalid commit hash' },
  INVALID_DEPLOYMENT_STATUS: { code: 'BAD_USER_INPUT', status: 400, message: 'Invalid deployment status' },
  QUERY_TOO_LARGE: { code: 'BAD_USER_INPUT', status: 400, message: 'Query is too large' },
  REPOSITORY_MISMATCH: {
    code: 'BAD_USER_INPUT',
    status: 400,
    message: 'Repository does not match the release project',
  },
  ENVIRONMENT_FROZEN: { code: 'BAD_USER_INPUT', status: 400, message: 'Environment is frozen' },
  UNAUTHENTICATED: { code: 'UNAUTHENTICATED', status: 401, message: 'Unauthorized' },
  INVALID_SIGNATURE: { code: 'UNAUTHENTICATED', status: 401, message: 'Invalid signature' },
  FORBIDDEN: { code: 'FORBIDDEN', status: 403, message: 'Forbidden' },
  PROJECT_NOT_FOUND: { code: 'NOT_FOUND', status: 404, message: 'Release project not found' },
  ENVIRONMENT_NOT_FOUND: { code: 'NOT_FOUND', status: 404, message: 'Release environment not found' },
  CANDIDATE_NOT_FOUND: { code: 'NOT_FOUND', status: 404, message: 'Release not found' },
  DEPLOYMENT_NOT_FOUND: { code: 'NOT_FOUND', status: 404, message: 'Deployment not found' },
  FREEZE_NOT_FOUND: { code: 'NOT_FOUND', status: 404, message: 'Freeze not found' },
  NO_PREVIOUS_DEPLOYMENT: { code: 'NOT_FOUND', status: 404, message: 'No previous deployment to roll back from' },
  WEBHOOK_NOT_CONFIGURED: { code: 'NOT_FOUND', status: 404, message: 'Events of this provider are not taken' },
  REPOSITORY_NOT_FOUND: { code: 'NOT_FOUND', status: 404, message: 'GitHub repository not found' },
  ROUTE_NOT_FOUND: { code: 'NOT_FOUND', status: 404, message: 'Not found' },
  PROJECT_EXISTS: { code: 'CONFLICT', status: 409, message: 'Release project already exists' },
  ENVIRONMENT_EXISTS: { code: 'CONFLICT', status: 409, message: 'Release environment already exists' },
  CANDIDATE_EXISTS: {
    code: 'CONFLICT',
    status: 409,
    message: 'Release candidate already exists with a different commit',
  },
  CANDIDATE_NOT_READY: { code: 'CONFLICT', status: 409, message: 'Release candidate is not ready' },
  CANDIDATE_QUARANTINED: { code: 'CONFLICT', status: 409, message: 'Release candidate is in quarantine' },
  LANE_OCCUPIED: { code: 'CONFLICT', status: 409, message: 'Another deployment is active' },
  NOT_WAITING: { code: 'CONFLICT', status: 409, message: 'It does not wait for approval' },
  ALREADY_FINISHED: { code: 'CONFLICT', status: 409, message: 'It has ended already' },
  NOT_CANCELABLE: { code: 'CONFLICT', status: 409, message: 'It cannot be canceled from here' },
  NOT_TRACKED: { code: 'CONFLICT', status: 409, message: 'No run is followed for it' },
  RUN_MISMATCH: { code: 'CONFLICT', status: 409, message: 'The run belongs to something else' },
  INVALID_HTTP: { code: 'BAD_USER_INPUT', status: 400, message: 'The request is not HTTP as it is understood here' },
  NOT_ACCEPTABLE: { code: 'BAD_USER_INPUT', status: 406, message: 'The answer is JSON, which Accept leaves out' },
  REQUEST_TIMEOUT: { code: 'BAD_USER_INPUT', status: 408, message: 'The request did not arrive in time' },
  BODY_TOO_LARGE: { code: 'BAD_USER_INPUT', status: 413, message: 'The body is larger than 1 MiB' },
  BODY_NOT_JSON: { code: 'BAD_USER_INPUT', status: 415, message: 'The body must be application/json' },
  IDEMPOTENCY_KEY_IN_USE: {
    code: 'CONFLICT',
    status: 409,
    message: 'The first request with this idempotency key is still under way',
  },
  ANSWER_NOT_KEPT: {
    code: 'CONFLICT',
    status: 409,
    message: 'The request was carried out before; its answer was too large to be kept',
  },
  IDEMPOTENCY_KEY_REUSED: {
    code: 'BAD_USER_INPUT',
    status: 422,
    message: 'Idempotency key was used with a different request',
  },
  HEAD_TOO_LARGE: { code: 'BAD_USER_INPUT', status: 431, message: 'The URL and the headers are larger than 16 KiB' },
  IDEMPOTENCY_KEYS_USED_UP: { code: 'RATE_LIMITED', status: 429, message: 'Too many idempotency keys' },
  RATE_LIMITED: { code: 'RATE_LIMITED', status: 429, message: 'Too many requests' },
  INTERNAL: { code: 'INTERNAL_SERVER_ERROR', status: 500, message: 'Internal server error' },
  HOST_UNAVAILABLE: { code: 'UNAVAILABLE', status: 503, message: 'The repository host is unavailable' },
  RUNNER_UNAVAILABLE: { code: 'UNAVAILABLE', status: 503, message: 'The runner is unavailable' },
  JOBS_STALLED: { code: 'UNAVAILABLE', status: 503, message: 'Jobs are not being done' },
  QUERY_TOO_SLOW: { code: 'UNAVAILABLE', status: 503, message: 'It takes longer than a request may' },
  OVERLOADED: { code: 'UNAVAILABLE', status: 503, message: 'The server has more to do than it can' },
  DATABASE_UNAVAILABLE: { code: 'UNAVAILABLE', status: 503, message: 'The database is unavailable' },
} as const satisfies Record<string, ErrorKind>

/** Names a row of the error table; clients see it in `extensions.reason`. */
export type ErrorReason = keyof typeof ERRORS

interface ErrorOptions {
  /** Takes the place of the table's message. */
  readonly message?: string
  /** One more sentence for the person who has to mend it, such as what would have been right. */
  readonly details?: string
  /** After how many seconds trying again makes sense. */
  readonly retryAfter?: number
  /** What happened underneath; logged, never shown. */
  readonly cause?: unknown
}

/** The one error the domain throws: it names a row of the table and knows nothing of GraphQL or HTTP. */
export class SlipwayError extends Error {
  override readonly name = 'SlipwayError'
  readonly code: ErrorCode
  readonly status: number
  readonly details: string | undefined
  readonly retryAfter: number | undefined

  constructor(
    readonly reason: ErrorReason,
    options: ErrorOptions = {},
  ) {
    const { code, status, message }: ErrorKind = ERRORS[reason]
    super(options.message ?? message, { cause: options.cause })
    this.code = code
    this.status = status
    this.details = options.details
    this.retryAfter = options.retryAfter
  }
}
