/**
 * Every setting of a host, in one table. It is the source of `Config`, of `npm start -- --help` and of
 * `docs/configuration.md`. Names are the reference PDS's where the meaning is the same.
 */

import { parseRoute, type RouteSetting } from './routing/settings.ts'

interface Setting<T> {
  readonly type: 'text' | 'secret' | 'list' | 'count' | 'flag' | 'choice'
  readonly doc: string
  /** What applies when it is not set, in words. */
  readonly otherwise: string
  readonly parse: (value: string) => T
}

const text = (otherwise: string, doc: string): Setting<string> => ({
  type: 'text',
  doc,
  otherwise,
  parse: (value) => value,
})

const secret = (otherwise: string, doc: string): Setting<string> => ({
  ...text(otherwise, doc),
  type: 'secret',
})

const url = (otherwise: string, doc: string): Setting<string> => ({
  ...text(otherwise, doc),
  parse(value) {
    const { protocol } = new URL(value)
    if (protocol !== 'https:' && protocol !== 'http:') throw new Error('must be an http(s) URL')
    return value.replace(/\/$/, '')
  },
})

const list = (otherwise: string, doc: string): Setting<readonly string[]> => ({
  type: 'list',
  doc,
  otherwise,
  parse: (value) =>
    value
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== ''),
})

const routes = (otherwise: string, doc: string): Setting<readonly RouteSetting[]> => {
  const { type, parse } = list(otherwise, doc)
  return { type, doc, otherwise, parse: (value) => parse(value).map(parseRoute) }
}

const count = (otherwise: string, doc: string): Setting<number> => ({
  type: 'count',
  doc,
  otherwise,
  parse(value) {
    if (!/^\d+$/.test(value)) throw new Error('must be a whole number')
    return Number(value)
  },
})

const flag = (otherwise: string, doc: string): Setting<boolean> => ({
  type: 'flag',
  doc,
  otherwise,
  parse(value) {
    if (/^(true|t|1)$/i.test(value)) return true
    if (/^(false|f|0)$/i.test(value)) return false
    throw new Error('must be true or false')
  },
})

const choice = <const T extends string>(
  otherwise: NoInfer<T>,
  options: readonly T[],
  doc: string,
): Setting<T> => ({
  type: 'choice',
  doc,
  otherwise,
  parse(value) {
    const chosen = options.find((option) => option === value)
    if (!chosen) throw new Error(`must be one of ${options.join(', ')}`)
    return chosen
  },
})

/** Values of PDS_DATA_LOCATION that are guarantees (Durable Objects, jurisdictions). */
export const jurisdictions = ['eu', 'us', 'fedramp'] as const

/** Values of PDS_DATA_LOCATION that are wishes (Durable Objects, location hints). */
export const locationHints = [
  'wnam',
  'enam',
  'sam',
  'weur',
  'eeur',
  'apac',
  'oc',
  'afr',
  'me',
] as const

const dataLocations = ['auto', ...jurisdictions, ...locationHints] as const

export type DataLocation = (typeof dataLocations)[number]

export const settings = {
  PDS_HOSTNAME: text('localhost', 'Public host name; the server is `https://<name>`.'),
  PDS_PORT: count('2583', 'Port that `npm start` listens on, on 127.0.0.1.'),
  PDS_DATA_DIRECTORY: text('data', 'Folder for everything that `npm start` keeps.'),
  PDS_SERVICE_DID: text('`did:web:<hostname>`', 'DID of this server.'),
  PDS_SERVICE_HANDLE_DOMAINS: list(
    '`.<hostname>`; `.test` on localhost',
    'Domains, each with a leading dot, under which handles are given out. Separated by commas.',
  ),
  PDS_ADMIN_PASSWORD: secret(
    'made by `npm start`',
    'Password of the operator, user `admin` in HTTP Basic. Without it nobody is the operator.',
  ),
  PDS_JWT_SECRET: secret('made by `npm start`', 'Signs session tokens. At least 16 characters.'),
  PDS_KEY_SECRET: secret(
    'made by `npm start`',
    'Encrypts signing keys at rest. At least 16 characters. Losing it loses the keys.',
  ),
  PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX: secret(
    'made by `npm start`',
    'Signs changes of `did:plc` identities: a secp256k1 private key, 64 hex digits. Losing it means that ' +
      'accounts cannot change their handle or signing key here any more.',
  ),
  PDS_RECOVERY_DID_KEY: text(
    'none',
    'A `did:key` of the operator that outranks the rotation key in every `did:plc` identity made here.',
  ),
  PDS_DID_PLC_URL: url('https://plc.directory', 'Directory of `did:plc` identities.'),
  PDS_DOH_URL: url(
    'https://cloudflare-dns.com/dns-query',
    'DNS-over-HTTPS resolver (JSON form), asked for the TXT records of handles.',
  ),
  PDS_DISABLE_SSRF_PROTECTION: flag(
    'false; true in development',
    'Lets the server send requests to private addresses and by plain http.',
  ),
  PDS_DATA_LOCATION: choice(
    'auto',
    dataLocations,
    'Where Cloudflare keeps the accounts: a jurisdiction (`eu`, `us`, `fedramp`), which is a guarantee, or a ' +
      'location hint (`weur`, `enam`, ...), which is a wish. Recorded at first use; it cannot be changed later.',
  ),
  PDS_SIGNING_KEY_TYPE: choice(
    'k256',
    ['k256', 'p256'],
    'Curve of the signing keys of new accounts: secp256k1 or P-256.',
  ),
  PDS_REGISTRATION: choice(
    'closed',
    ['closed', 'invite', 'open'],
    'Who may make an account: the operator only, everybody with an invite code, or everybody.',
  ),
  PDS_INVITE_REQUIRED: flag(
    'as PDS_REGISTRATION says',
    "The reference PDS's name for `PDS_REGISTRATION=invite` (true) and `open` (false).",
  ),
  PDS_INVITE_INTERVAL: count(
    'accounts get no invite codes',
    'An account may hand out one more invite code after so many ms.',
  ),
  PDS_INVITE_EPOCH: count('0', 'Invite codes are counted from this time on, in ms since 1970.'),
  PDS_CONTACT_EMAIL_ADDRESS: text('none', 'Where people reach the operator.'),
  PDS_PRIVACY_POLICY_URL: url('none', 'Privacy policy, shown by `describeServer`.'),
  PDS_TERMS_OF_SERVICE_URL: url('none', 'Terms of service, shown by `describeServer`.'),
  PDS_EMAIL_FROM_ADDRESS: text('`noreply@<hostname>`', 'Sender of mails.'),
  PDS_CRAWLERS: list(
    'https://bsky.network; `none` for no relay',
    'Relays that are asked to crawl this host. Separated by commas.',
  ),
  PDS_REPO_BACKFILL_LIMIT_MS: count('259200000 (72 hours)', 'How long firehose events are kept.'),
  PDS_FIRST_HANDLE: text(
    '`alice` under the first handle domain',
    'Handle of the account that `npm start` creates when there is none.',
  ),
  PDS_FIRST_PASSWORD: secret('made up and printed', 'Password of that first account.'),
  PDS_BSKY_APP_VIEW_URL: url(
    'https://api.bsky.app; `none` for no AppView',
    'AppView that `app.bsky.*` is forwarded to.',
  ),
  PDS_BSKY_APP_VIEW_DID: text('did:web:api.bsky.app', 'DID of that AppView.'),
  PDS_BSKY_APP_VIEW_CDN_URL_PATTERN: url(
    '`getBlob` of this server',
    'Where that AppView has images, for what it does not show yet: a URL with `%s` for the kind (`avatar`, ' +
      '`banner`, `feed_thumbnail`, `feed_fullsize`), the DID and the CID, in this order.',
  ),
  PDS_CHAT_URL: url('https://api.bsky.chat; `none`', 'Service that `chat.bsky.*` is forwarded to.'),
  PDS_CHAT_DID: text('did:web:api.bsky.chat', 'DID of that chat service.'),
  PDS_MOD_SERVICE_URL: url(
    'none',
    'Service that `tools.ozone.*` and `com.atproto.moderation.*` are forwarded to.',
  ),
  PDS_MOD_SERVICE_DID: text('none', 'DID of that moderation service.'),
  PDS_REPORT_SERVICE_URL: url('the moderation service', 'Service that reports are sent to.'),
  PDS_REPORT_SERVICE_DID: text('the moderation service', 'DID of that report service.'),
  PDS_PROXY_ROUTES: routes(
    'none',
    'Where methods of other namespaces go: `<NSID or namespace.*>=<service>`, separated by commas. A service is ' +
      '`<did>#<id>`, with `@<URL>` after it if it is not where its DID document says, or `appview`, `chat`, ' +
      '`moderation`, or `none`. What belongs to a PDS cannot be given away.',
  ),
  PDS_PROXY_HEADERS_TIMEOUT: count(
    '10000',
    'How long another service may keep a forwarded request waiting for the beginning of its answer, in ms.',
  ),
  PDS_PROXY_BODY_TIMEOUT: count('30000', 'How long it may then pause in its answer, in ms.'),
  PDS_PROXY_MAX_RESPONSE_SIZE: count(
    '10485760',
    'Largest answer that is passed on, in bytes, as it arrives: compressed, if it is.',
  ),
  PDS_BLOB_UPLOAD_LIMIT: count('5242880', 'Largest blob in bytes.'),
  PDS_IMAGE_LOCATION: choice(
    'strip',
    ['allow', 'strip', 'reject'],
    'JPEG, PNG and WebP images that say where they were taken (GPS, place names): `allow` keeps ' +
      'them as they are, `strip` takes the location out, `reject` refuses the upload.',
  ),
  PDS_RATE_LIMITS_ENABLED: flag(
    'true on a public host; false on localhost and in development',
    'Limits how often an address and an account may call.',
  ),
  PDS_RATE_LIMIT_BYPASS_KEY: secret(
    'none',
    'Requests with this in the header `x-ratelimit-bypass` are not limited.',
  ),
  PDS_LEXICON_MODE: choice(
    'known',
    ['known', 'resolve', 'strict'],
    'Records of collections that are not in `lexicons/`: `known` takes them as they are, `resolve` validates ' +
      'them with the lexicon that the network has, if it has one, `strict` refuses them if it has none.',
  ),
  PDS_LEXICON_TTL_MS: count(
    '86400000 (24 hours)',
    'How long a lexicon from the network counts before it is asked for again.',
  ),
  LOG_LEVEL: choice(
    'info',
    ['info', 'error'],
    'What is logged: every request, or only what went wrong.',
  ),
  PDS_DEV_MODE: flag(
    'false',
    'Development: answers are checked against their lexicons, and plain http is forwarded to.',
  ),
} as const satisfies Record<string, Setting<unknown>>

type Settings = typeof settings
export type SettingName = keyof Settings

/** Settings as they arrive: environment variables, or text bindings of the Worker. */
export type RawSettings = Partial<Record<SettingName, string>>

type Parsed = { [Name in SettingName]?: ReturnType<Settings[Name]['parse']> }

export type LogLevel = 'info' | 'error'

/** A service that requests are forwarded to. */
export interface ServiceTarget {
  did: string
  /** The service's entry in the DID document, without `#`. */
  id: string
  url: string
}

/** What is granted to a service that requests are forwarded to. */
export interface ProxyLimits {
  /** ms until its answer begins. */
  headersTimeout: number
  /** ms between two pieces of its answer. */
  bodyTimeout: number
  /** Bytes of its answer, as they arrive. */
  maxResponseSize: number
}

/** The settings, parsed, with defaults. */
export interface Config {
  hostname: string
  port: number
  /** Origin under which clients reach this server, without a trailing slash. */
  publicUrl: string
  serviceDid: string
  handleDomains: readonly string[]
  adminPassword: string | undefined
  jwtSecret: string
  keySecret: string
  /** The secp256k1 private key that signs PLC operations, 64 hex digits. */
  plcRotationKey: string
  /** did:key of the operator, ranked above the rotation key. */
  recoveryKey: string | undefined
  plcUrl: string
  dohUrl: string
  /** Requests may go to private addresses, and by plain http. */
  reachPrivate: boolean
  dataLocation: DataLocation
  signingKeyType: 'k256' | 'p256'
  registration: 'closed' | 'invite' | 'open'
  /** ms; undefined: accounts get no invite codes. */
  inviteInterval: number | undefined
  /** ms since 1970. */
  inviteEpoch: number
  contactEmail: string | undefined
  privacyPolicyUrl: string | undefined
  termsOfServiceUrl: string | undefined
  mailFrom: string
  /** Origins of relays. */
  crawlers: readonly string[]
  /** How long firehose events are kept, in ms. */
  eventRetention: number
  appview: ServiceTarget | undefined
  /** URL of the AppView's images, with `%s` for kind, DID and CID. */
  imageUrlPattern: string | undefined
  chat: ServiceTarget | undefined
  moderation: ServiceTarget | undefined
  /** Where reports go. */
  report: ServiceTarget | undefined
  proxyRoutes: readonly RouteSetting[]
  proxyLimits: ProxyLimits
  /** Bytes. */
  blobUploadLimit: number
  /** What happens to images that say where they were taken. */
  imageLocation: 'allow' | 'strip' | 'reject'
  /** What becomes of records whose collection is not in the tree. */
  lexiconMode: 'known' | 'resolve' | 'strict'
  /** ms */
  lexiconTtl: number
  rateLimits: boolean
  rateLimitBypassKey: string | undefined
  devMode: boolean
  logLevel: LogLevel
}

/** One or more settings are wrong; the message has a line for each. */
export class ConfigError extends Error {
  override name = 'ConfigError'
}

/** @throws ConfigError naming everything that is wrong, without repeating secret values */
export function readConfig(raw: Readonly<Record<string, unknown>>): Config {
  const problems: string[] = []
  const parsed = parseSettings(raw, problems)
  for (const name of ['PDS_JWT_SECRET', 'PDS_KEY_SECRET'] as const) {
    const value = parsed[name]
    if (!value) problems.push(`${name} is not set`)
    else if (value.length < 16) problems.push(`${name} must have at least 16 characters`)
  }
  const handleDomains = parsed.PDS_SERVICE_HANDLE_DOMAINS ?? []
  const rotationKey = parsed.PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX
  if (!rotationKey) problems.push('PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX is not set')
  else if (!/^[0-9a-f]{64}$/i.test(rotationKey)) {
    problems.push('PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX must have 64 hex digits')
  }
  for (const domain of handleDomains) {
    if (!domain.startsWith('.')) {
      problems.push(`PDS_SERVICE_HANDLE_DOMAINS: "${domain}" must start with a dot`)
    }
  }
  for (const name of ['PDS_MOD_SERVICE', 'PDS_REPORT_SERVICE'] as const) {
    if (parsed[`${name}_URL`] && !parsed[`${name}_DID`]) {
      problems.push(`${name}_DID must be set together with ${name}_URL`)
    }
  }
  if (problems.length > 0) throw new ConfigError(problems.join('\n'))

  const hostname = parsed.PDS_HOSTNAME ?? 'localhost'
  const local = hostname === 'localhost'
  const port = parsed.PDS_PORT ?? 2583
  const devMode = parsed.PDS_DEV_MODE ?? false
  return {
    hostname,
    port,
    publicUrl: local ? `http://localhost:${port}` : `https://${hostname}`,
    serviceDid: parsed.PDS_SERVICE_DID ?? `did:web:${hostname}`,
    handleDomains: handleDomains.length > 0 ? handleDomains : [local ? '.test' : `.${hostname}`],
    adminPassword: parsed.PDS_ADMIN_PASSWORD,
    jwtSecret: parsed.PDS_JWT_SECRET ?? '',
    keySecret: parsed.PDS_KEY_SECRET ?? '',
    plcRotationKey: rotationKey ?? '',
    recoveryKey: unlessNone(parsed.PDS_RECOVERY_DID_KEY),
    plcUrl: parsed.PDS_DID_PLC_URL ?? 'https://plc.directory',
    dohUrl: parsed.PDS_DOH_URL ?? 'https://cloudflare-dns.com/dns-query',
    reachPrivate: parsed.PDS_DISABLE_SSRF_PROTECTION ?? devMode,
    dataLocation: parsed.PDS_DATA_LOCATION ?? 'auto',
    signingKeyType: parsed.PDS_SIGNING_KEY_TYPE ?? 'k256',
    registration: parsed.PDS_REGISTRATION ?? registrationOf(parsed.PDS_INVITE_REQUIRED),
    inviteInterval: parsed.PDS_INVITE_INTERVAL,
    inviteEpoch: parsed.PDS_INVITE_EPOCH ?? 0,
    contactEmail: unlessNone(parsed.PDS_CONTACT_EMAIL_ADDRESS),
    privacyPolicyUrl: unlessNone(parsed.PDS_PRIVACY_POLICY_URL),
    termsOfServiceUrl: unlessNone(parsed.PDS_TERMS_OF_SERVICE_URL),
    mailFrom: parsed.PDS_EMAIL_FROM_ADDRESS ?? `noreply@${hostname}`,
    crawlers: crawlersOf(parsed.PDS_CRAWLERS),
    eventRetention: parsed.PDS_REPO_BACKFILL_LIMIT_MS ?? 72 * 60 * 60 * 1000,
    appview: target(
      parsed.PDS_BSKY_APP_VIEW_URL ?? 'https://api.bsky.app',
      parsed.PDS_BSKY_APP_VIEW_DID ?? 'did:web:api.bsky.app',
      'bsky_appview',
    ),
    imageUrlPattern: unlessNone(parsed.PDS_BSKY_APP_VIEW_CDN_URL_PATTERN),
    chat: target(
      parsed.PDS_CHAT_URL ?? 'https://api.bsky.chat',
      parsed.PDS_CHAT_DID ?? 'did:web:api.bsky.chat',
      'bsky_chat',
    ),
    moderation: labeler(parsed.PDS_MOD_SERVICE_URL, parsed.PDS_MOD_SERVICE_DID),
    report: labeler(
      parsed.PDS_REPORT_SERVICE_URL ?? parsed.PDS_MOD_SERVICE_URL,
      parsed.PDS_REPORT_SERVICE_DID ?? parsed.PDS_MOD_SERVICE_DID,
    ),
    proxyRoutes: parsed.PDS_PROXY_ROUTES ?? [],
    proxyLimits: {
      headersTimeout: parsed.PDS_PROXY_HEADERS_TIMEOUT ?? 10_000,
      bodyTimeout: parsed.PDS_PROXY_BODY_TIMEOUT ?? 30_000,
      maxResponseSize: parsed.PDS_PROXY_MAX_RESPONSE_SIZE ?? 10 * 1024 * 1024,
    },
    blobUploadLimit: parsed.PDS_BLOB_UPLOAD_LIMIT ?? 5 * 1024 * 1024,
    imageLocation: parsed.PDS_IMAGE_LOCATION ?? 'strip',
    lexiconMode: parsed.PDS_LEXICON_MODE ?? 'known',
    lexiconTtl: parsed.PDS_LEXICON_TTL_MS ?? 24 * 60 * 60 * 1000,
    rateLimits: parsed.PDS_RATE_LIMITS_ENABLED ?? !(local || devMode),
    rateLimitBypassKey: unlessNone(parsed.PDS_RATE_LIMIT_BYPASS_KEY),
    devMode,
    logLevel: parsed.LOG_LEVEL ?? 'info',
  }
}

/** Parses what is set; an empty value counts as not set. Problems are added to the list. */
export function parseSettings(raw: Readonly<Record<string, unknown>>, problems: string[]): Parsed {
  const parsed: Record<string, unknown> = {}
  for (const [name, setting] of Object.entries(settings)) {
    const value = raw[name]
    if (typeof value !== 'string' || value === '') continue
    if (value === NONE) {
      parsed[name] = setting.type === 'list' ? [] : NONE
      continue
    }
    try {
      parsed[name] = setting.parse(value)
    } catch (error) {
      const shown = setting.type === 'secret' ? '' : ` (it is "${value}")`
      problems.push(`${name}: ${error instanceof Error ? error.message : String(error)}${shown}`)
    }
  }
  return parsed as Parsed
}

const NONE = 'none'

const unlessNone = (value: string | undefined) => (value === NONE ? undefined : value)

const registrationOf = (inviteRequired: boolean | undefined) =>
  inviteRequired === undefined ? 'closed' : inviteRequired ? 'invite' : 'open'

const crawlersOf = (crawlers: readonly string[] = ['https://bsky.network']) =>
  crawlers.map((crawler) => (crawler.includes('://') ? crawler : `https://${crawler}`))

const target = (
  url: string | undefined,
  did: string | undefined,
  id: string,
): ServiceTarget | undefined =>
  url && did && url !== NONE && did !== NONE ? { did, id, url } : undefined

const labeler = (url: string | undefined, did: string | undefined) =>
  target(url, did, 'atproto_labeler')
