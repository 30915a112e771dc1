/**
 * The HTTP status of errors by their XRPC names, wherever they come from: storage, handlers, and the OpenAPI document, which says
 * under which status a method answers with them. What is not here is 400 (XRPC specification, Error Responses).
 */
const STATUSES: Readonly<Record<string, number>> = {
  AccountDeactivated: 401,
  AccountTakedown: 401,
  AuthFactorTokenRequired: 401,
  AuthMissing: 401,
  AuthenticationRequired: 401,
  ConfirmationRequired: 401,
  ProofReplayed: 401,
  // Of who signed a service token, which is how an account is created that comes from elsewhere.
  UnresolvableDid: 401,
  invalid_token: 401,
  ScopeMissingError: 403,
  AccountExists: 409,
  ArchiveReplaced: 409,
  PayloadTooLarge: 413,
  UnsupportedMediaType: 415,
  RateLimitExceeded: 429,
  TooManyReports: 429,
  InternalServerError: 500,
  UpstreamFailure: 502,
  AccountRestoring: 503,
  ConfigurationError: 503,
  HostRestoring: 503,
  NotReady: 503,
  ServiceUnavailable: 503,
  InsufficientStorage: 507,
}

/** @param name as it is on the wire, and in lexicons */
export const statusOf = (name: string): number =>
  Object.hasOwn(STATUSES, name) ? (STATUSES[name] ?? 400) : 400
