/**
 * Who may ask for what besides `/xrpc/`, how often, and how large a body may be. Methods say the same in their
 * handlers. All requests of a network together are limited, too (`count-request.ts`).
 */

export interface PathPolicy {
  /** A path, or one that ends in `/*`: it and everything below. */
  readonly path: string
  readonly methods: readonly string[]
  /**
   * - `anyone`
   * - `client`: an app, which authenticates itself with what its metadata say (OAuth)
   * - `browser`: one that the OAuth provider knows by its cookie, and, for an account, who is signed in there
   * - `owner`: who is signed in to `/settings`, or is about to be
   * - `operator`: by the operator's password, or the session of an account with that role, as for `com.atproto.admin.*`
   * - `watcher`: the operator, whoever has PDS_METRICS_TOKEN, and programs on this machine that come directly
   * - `role`: who is signed in to `/settings`, to an account with the role of an operator, by more than a password
   */
  readonly caller: 'anyone' | 'client' | 'browser' | 'owner' | 'operator' | 'watcher' | 'role'
  /** Requests of one network in five minutes, where it is fewer than of all requests together. */
  readonly perFiveMinutes?: number
  /** Bytes. */
  readonly maxBody: number
  /** Whether the body is not read before whoever answers does: it may be larger, and is bounded there. */
  readonly streams?: boolean
}

const GET = ['GET', 'HEAD', 'OPTIONS']
const POST = ['POST']
const KB = 1024

/** What apps send: keys, assertions and requests are signed tokens of some KB. */
const CLIENT_BODY = 32 * KB
/**
 * The backend of an app begins sign-ins and refreshes tokens for all its users from one address. Who it is would only
 * be known once its assertion is checked, so that these are wide for everybody. What is stored stays bounded without
 * them: pending requests in number, and by network; sessions and earlier tokens by account; ids of assertions until
 * they expire. Of tokens one may ask for no fewer than of everything.
 */
const APP_SIGN_INS = 300
const APP_TOKENS = 3_000
/** The largest form of a page. */
const FORM = 128 * KB

/** Rows of an account from a backup, and pieces of its repository. */
const RESTORED = 8 * 1024 * KB

const OAUTH_API = '/@atproto/oauth-provider/~api/*'

export const pathPolicies: readonly PathPolicy[] = [
  {
    path: '/oauth/par',
    methods: POST,
    caller: 'client',
    perFiveMinutes: APP_SIGN_INS,
    maxBody: CLIENT_BODY,
  },
  {
    path: '/oauth/token',
    methods: POST,
    caller: 'client',
    perFiveMinutes: APP_TOKENS,
    maxBody: CLIENT_BODY,
  },
  {
    path: '/oauth/revoke',
    methods: POST,
    caller: 'client',
    perFiveMinutes: 300,
    maxBody: CLIENT_BODY,
  },
  {
    path: '/oauth/introspect',
    methods: POST,
    caller: 'client',
    perFiveMinutes: 300,
    maxBody: CLIENT_BODY,
  },
  { path: '/oauth/jwks', methods: GET, caller: 'anyone', maxBody: 0 },
  { path: '/oauth/authorize', methods: GET, caller: 'browser', perFiveMinutes: 100, maxBody: 0 },
  { path: '/oauth/*', methods: GET, caller: 'browser', perFiveMinutes: 300, maxBody: 0 },
  { path: '/account/*', methods: GET, caller: 'browser', perFiveMinutes: 100, maxBody: 0 },
  { path: OAUTH_API, methods: GET, caller: 'browser', perFiveMinutes: 600, maxBody: 0 },
  { path: OAUTH_API, methods: POST, caller: 'browser', perFiveMinutes: 300, maxBody: FORM },
  { path: '/@atproto/oauth-provider/~assets/*', methods: GET, caller: 'anyone', maxBody: 0 },
  {
    path: '/settings/passkey/link',
    methods: POST,
    caller: 'operator',
    perFiveMinutes: 60,
    maxBody: FORM,
  },
  {
    path: '/operator/backup/*',
    methods: POST,
    caller: 'operator',
    perFiveMinutes: 3_000,
    maxBody: FORM,
  },
  // What it says to be as large as, which is checked; as large as any blob of a backup.
  {
    path: '/operator/restore/blob',
    methods: POST,
    caller: 'operator',
    perFiveMinutes: 3_000,
    maxBody: FORM,
    streams: true,
  },
  {
    path: '/operator/restore/*',
    methods: POST,
    caller: 'operator',
    perFiveMinutes: 3_000,
    maxBody: RESTORED,
  },
  { path: '/operator/*', methods: POST, caller: 'operator', perFiveMinutes: 300, maxBody: FORM },
  { path: '/settings/*', methods: GET, caller: 'owner', maxBody: 0 },
  { path: '/settings/*', methods: POST, caller: 'owner', perFiveMinutes: 300, maxBody: FORM },
  // Each asks another host, also for whether a password is right there.
  { path: '/migrate/start', methods: POST, caller: 'anyone', perFiveMinutes: 30, maxBody: FORM },
  { path: '/migrate/*', methods: POST, caller: 'owner', perFiveMinutes: 300, maxBody: FORM },
  { path: '/migrate/*', methods: GET, caller: 'anyone', perFiveMinutes: 600, maxBody: 0 },
  { path: '/admin/role', methods: POST, caller: 'operator', perFiveMinutes: 60, maxBody: FORM },
  { path: '/admin/*', methods: GET, caller: 'role', perFiveMinutes: 600, maxBody: 0 },
  { path: '/admin/*', methods: POST, caller: 'role', perFiveMinutes: 300, maxBody: FORM },
  // Whoever has the link of a mail, whose signature is checked; mail programs send its POST by themselves (RFC 8058).
  { path: '/mail/sign-ins', methods: GET, caller: 'anyone', perFiveMinutes: 60, maxBody: 0 },
  { path: '/mail/sign-ins', methods: POST, caller: 'anyone', perFiveMinutes: 60, maxBody: KB },
  { path: '/.well-known/*', methods: GET, caller: 'anyone', maxBody: 0 },
  { path: '/xrpc/_health', methods: GET, caller: 'anyone', maxBody: 0 },
  { path: '/metrics', methods: GET, caller: 'watcher', perFiveMinutes: 300, maxBody: 0 },
  { path: '/tls-check', methods: GET, caller: 'anyone', maxBody: 0 },
  { path: '/', methods: GET, caller: 'anyone', maxBody: 0 },
  { path: '/robots.txt', methods: GET, caller: 'anyone', maxBody: 0 },
  { path: '/status', methods: GET, caller: 'anyone', perFiveMinutes: 600, maxBody: 0 },
  // Where it is switched on.
  { path: '/docs/*', methods: GET, caller: 'anyone', perFiveMinutes: 600, maxBody: 0 },
  // On a host in development only, which nobody else reaches.
  { path: '/dev/mail', methods: GET, caller: 'anyone', maxBody: 0 },
]

/** What applies to a request; undefined: nothing is there. The first that fits counts. */
export const policyOf = (method: string, path: string): PathPolicy | undefined =>
  pathPolicies.find((policy) => policy.methods.includes(method) && covers(policy.path, path))

function covers(pattern: string, path: string): boolean {
  if (!pattern.endsWith('/*')) return pattern === path
  const root = pattern.slice(0, -2)
  return path === root || path.startsWith(`${root}/`)
}
