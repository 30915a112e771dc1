/** The settings of a host as the rest of the server knows them. */

import type { RouteSetting } from '../../routing/settings.ts'
import { isLoopback } from '../loopback.ts'
import type { Quota } from '../quota.ts'
import { type BackupConfig, backupProblems, readBackupSettings } from './backup-settings.ts'
import { type Branding, brandingProblems, readBranding } from './branding.ts'
import { type MailSettings, mailProblems, readMailSettings, sendsMail } from './mail-settings.ts'
import { DEFAULT_MEMORY, operationProblems } from './operation-settings.ts'
import { type AppQuota, readAppQuota, readQuota } from './quota-settings.ts'
import {
  type LastingSecret,
  MIN_SECRET,
  readSecrets,
  type SecretSettings,
} from './secret-settings.ts'
import { labeler, type ServiceTarget, target } from './service-target.ts'
import { type DataLocation, DEFAULT_PORT, NONE, parseSettings } from './settings.ts'
import {
  type Registration,
  readRegistration,
  readSignUps,
  type SignUpConfig,
  signUpProblems,
} from './sign-up-settings.ts'

export type { ServiceTarget }

export type LogLevel = 'info' | 'error'

/** What is granted to a service that requests are forwarded to. */
export interface ProxyLimits {
  /** ms until its answer begins. */
  headersTimeout: number
  /** ms between two pieces of its answer. */
  bodyTimeout: number
  /** Bytes of its answer, as they arrive. */
  maxResponseSize: number
  /** Bytes of the request, as they come. */
  maxRequestSize: number
}

/** What consumers of the firehose may use. */
export interface FirehoseLimits {
  /** Bytes sent to all of them together and not known to be read. */
  maxUnread: number
  /** How many there may be at once. */
  consumers: { total: number; perAddress: number }
}

/** The settings, parsed, with defaults. */
export interface Config extends MailSettings, SecretSettings {
  hostname: string
  port: number
  /** Origin under which clients reach this server, without a trailing slash. */
  publicUrl: string
  serviceDid: string
  handleDomains: readonly string[]
  adminPassword: string | undefined
  /** Backups that the Worker makes of itself. */
  backups: BackupConfig
  /** Opens `/metrics`. */
  metricsToken: string | undefined
  /** Whether `/docs` is there. */
  docs: boolean
  /** MB of JavaScript's memory on plain workerd. */
  memory: number
  /** Objects that share the host's index. */
  indexShards: number
  /** Objects that share what is looked up about accounts. */
  directoryShards: number
  /** Objects that share the log of events. */
  logShards: number
  /** Makes DPoP nonces, 64 hex digits; undefined: derived from `jwtSecret`. */
  dpopSecret: string | undefined
  /** did:key of the operator, ranked above the rotation key. */
  recoveryKey: string | undefined
  /** Secrets that the operator has changed on purpose. */
  rotatedSecrets: readonly LastingSecret[]
  plcUrl: string
  dohUrl: string
  /** Requests may go to private addresses, and by plain http. */
  reachPrivate: boolean
  dataLocation: DataLocation
  signingKeyType: 'k256' | 'p256'
  registration: Registration
  signUps: SignUpConfig
  /** How long a handle that was given up is kept for the account that had it, in ms. */
  handleCooldown: number
  /** How long entries of the audit log are kept, in ms. */
  auditRetention: number
  /** How long the bytes of a blob that was taken down are kept, in ms. */
  blobQuarantine: number
  /** ms; undefined: accounts get no invite codes. */
  inviteInterval: number | undefined
  /** ms since 1970. */
  inviteEpoch: number
  contactEmail: string | undefined
  privacyPolicyUrl: string | undefined
  termsOfServiceUrl: string | undefined
  branding: Branding
  /** Origins of relays. */
  crawlers: readonly string[]
  /** How long, and how much of, firehose events are kept. */
  eventRetention: { time: number; size: number }
  /** Number of the first firehose event; undefined: microseconds since 1970. */
  firstSeq: number | undefined
  firehose: FirehoseLimits
  appview: ServiceTarget | undefined
  /** URL of the AppView's images, with `%s` for kind, DID and CID. */
  imageUrlPattern: string | undefined
  chat: ServiceTarget | undefined
  moderation: ServiceTarget | undefined
  /** Where reports go. */
  report: ServiceTarget | undefined
  /** DIDs that the settings give to services, also to such as have no URL and are not used. */
  serviceDids: readonly string[]
  proxyRoutes: readonly RouteSetting[]
  proxyLimits: ProxyLimits
  /** Services that are shown a token more than once. */
  reuseTokens: readonly ('appview' | 'chat')[]
  /** Bytes. */
  blobUploadLimit: number
  /** Bytes of a CAR file. */
  maxImportSize: number
  /** What an account may store and upload, unless the operator has set something else for it. */
  quota: Quota
  /** What the app's own tables may have. */
  appQuota: AppQuota
  /** What happens to images that say where they were taken. */
  imageLocation: 'allow' | 'strip' | 'reject'
  /** What becomes of records whose collection is not in the tree. */
  lexiconMode: 'known' | 'resolve' | 'strict'
  /** ms */
  lexiconTtl: number
  rateLimits: boolean
  rateLimitBypassKey: string | undefined
  /** Where the newest version is asked for; undefined: nowhere. */
  versionUrl: string | undefined
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
  const secrets = readSecrets(parsed, problems)
  if (parsed.PDS_DEV_MODE && !isLoopback(parsed.PDS_HOSTNAME ?? 'localhost')) {
    problems.push(
      'PDS_DEV_MODE shows the mails of all accounts to everybody, and takes limits off: it is for a host on this ' +
        'machine only, but PDS_HOSTNAME is a public name. Unset one of the two.',
    )
  }
  if (parsed.PDS_DEV_MODE && parsed.PDS_BIND && !isLoopback(parsed.PDS_BIND)) {
    problems.push(
      'PDS_BIND: with PDS_DEV_MODE only this machine may reach the host. Unset one of the two.',
    )
  }
  problems.push(...mailProblems(parsed), ...signUpProblems(parsed, sendsMail(parsed)))
  problems.push(...operationProblems(parsed), ...backupProblems(parsed))
  const { PDS_HOSTNAME: name } = parsed
  if (name !== undefined && !/^[a-z0-9.-]+$/i.test(name)) {
    problems.push(
      `PDS_HOSTNAME: must be a host name alone, without "https://", port or path (it is "${name}")`,
    )
  }
  const { PDS_ADMIN_PASSWORD: adminPassword } = parsed
  if (adminPassword !== undefined && adminPassword.length < MIN_SECRET) {
    problems.push(`PDS_ADMIN_PASSWORD must have at least ${MIN_SECRET} characters`)
  }
  const handleDomains = parsed.PDS_SERVICE_HANDLE_DOMAINS ?? []
  if (parsed.PDS_DPOP_SECRET && !/^[0-9a-f]{64}$/i.test(parsed.PDS_DPOP_SECRET)) {
    problems.push('PDS_DPOP_SECRET must have 64 hex digits')
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
  const hostname = parsed.PDS_HOSTNAME ?? 'localhost'
  const local = hostname === 'localhost'
  const port = parsed.PDS_PORT ?? DEFAULT_PORT
  const publicUrl = local ? `http://localhost:${port}` : `https://${hostname}`
  problems.push(...brandingProblems(parsed, publicUrl))
  if (problems.length > 0) throw new ConfigError(problems.join('\n'))

  const contactEmail = unlessNone(parsed.PDS_CONTACT_EMAIL_ADDRESS)
  const devMode = parsed.PDS_DEV_MODE ?? false
  return {
    hostname,
    port,
    publicUrl,
    serviceDid: parsed.PDS_SERVICE_DID ?? `did:web:${hostname}`,
    handleDomains: handleDomains.length > 0 ? handleDomains : [local ? '.test' : `.${hostname}`],
    adminPassword: parsed.PDS_ADMIN_PASSWORD,
    metricsToken: parsed.PDS_METRICS_TOKEN,
    backups: readBackupSettings(parsed),
    docs: parsed.PDS_DOCS ?? devMode,
    memory: parsed.PDS_MEMORY_MB ?? DEFAULT_MEMORY,
    indexShards: parsed.PDS_INDEX_SHARDS ?? 1,
    directoryShards: parsed.PDS_DIRECTORY_SHARDS ?? 1,
    logShards: parsed.PDS_LOG_SHARDS ?? 1,
    ...secrets,
    dpopSecret: unlessNone(parsed.PDS_DPOP_SECRET),
    recoveryKey: unlessNone(parsed.PDS_RECOVERY_DID_KEY),
    rotatedSecrets: parsed.PDS_ROTATED_SECRETS ?? [],
    plcUrl: parsed.PDS_DID_PLC_URL ?? 'https://plc.directory',
    dohUrl: parsed.PDS_DOH_URL ?? 'https://cloudflare-dns.com/dns-query',
    reachPrivate: parsed.PDS_DISABLE_SSRF_PROTECTION ?? devMode,
    dataLocation: parsed.PDS_DATA_LOCATION ?? 'auto',
    signingKeyType: parsed.PDS_SIGNING_KEY_TYPE ?? 'k256',
    registration: readRegistration(parsed),
    handleCooldown: parsed.PDS_HANDLE_COOLDOWN_MS ?? 30 * 24 * 60 * 60 * 1000,
    auditRetention: parsed.PDS_AUDIT_RETENTION_MS ?? 365 * 24 * 60 * 60 * 1000,
    blobQuarantine: parsed.PDS_BLOB_QUARANTINE_MS ?? 30 * 24 * 60 * 60 * 1000,
    inviteInterval: parsed.PDS_INVITE_INTERVAL,
    inviteEpoch: parsed.PDS_INVITE_EPOCH ?? 0,
    contactEmail,
    privacyPolicyUrl: unlessNone(parsed.PDS_PRIVACY_POLICY_URL),
    termsOfServiceUrl: unlessNone(parsed.PDS_TERMS_OF_SERVICE_URL),
    branding: readBranding(parsed, { hostname, contactEmail }),
    ...readMailSettings(parsed, { hostname, devMode }),
    crawlers: crawlersOf(parsed.PDS_CRAWLERS),
    eventRetention: {
      time: parsed.PDS_REPO_BACKFILL_LIMIT_MS ?? 72 * 60 * 60 * 1000,
      size: parsed.PDS_FIREHOSE_MAX_LOG ?? 4 * 1024 ** 3,
    },
    firstSeq: parsed.PDS_FIREHOSE_FIRST_SEQ,
    firehose: {
      maxUnread: parsed.PDS_FIREHOSE_MAX_UNREAD ?? 32 * 1024 * 1024,
      consumers: {
        total: parsed.PDS_FIREHOSE_MAX_CONSUMERS ?? 200,
        perAddress: parsed.PDS_FIREHOSE_MAX_CONSUMERS_PER_ADDRESS ?? 10,
      },
    },
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
    serviceDids: [
      parsed.PDS_BSKY_APP_VIEW_DID,
      parsed.PDS_CHAT_DID,
      parsed.PDS_MOD_SERVICE_DID,
      parsed.PDS_REPORT_SERVICE_DID,
    ].flatMap((did) => (did === undefined || did === NONE ? [] : [did])),
    proxyRoutes: parsed.PDS_PROXY_ROUTES ?? [],
    reuseTokens: (parsed.PDS_REUSE_SERVICE_TOKENS ?? ['appview']).filter((name) => name !== 'none'),
    proxyLimits: {
      headersTimeout: parsed.PDS_PROXY_HEADERS_TIMEOUT ?? 10_000,
      bodyTimeout: parsed.PDS_PROXY_BODY_TIMEOUT ?? 30_000,
      maxResponseSize: parsed.PDS_PROXY_MAX_RESPONSE_SIZE ?? 10 * 1024 * 1024,
      maxRequestSize: parsed.PDS_PROXY_MAX_REQUEST_SIZE ?? 100 * 1024 * 1024,
    },
    blobUploadLimit: parsed.PDS_BLOB_UPLOAD_LIMIT ?? 5 * 1024 * 1024,
    maxImportSize: parsed.PDS_MAX_REPO_IMPORT_SIZE ?? 512 * 1024 * 1024,
    quota: readQuota(parsed),
    appQuota: readAppQuota(parsed),
    signUps: readSignUps(parsed),
    imageLocation: parsed.PDS_IMAGE_LOCATION ?? 'strip',
    lexiconMode: parsed.PDS_LEXICON_MODE ?? 'known',
    lexiconTtl: parsed.PDS_LEXICON_TTL_MS ?? 24 * 60 * 60 * 1000,
    rateLimits: parsed.PDS_RATE_LIMITS_ENABLED ?? !(local || devMode),
    rateLimitBypassKey: unlessNone(parsed.PDS_RATE_LIMIT_BYPASS_KEY),
    versionUrl: unlessNone(parsed.PDS_VERSION_URL),
    devMode,
    logLevel: parsed.LOG_LEVEL ?? 'info',
  }
}

const unlessNone = (value: string | undefined) => (value === NONE ? undefined : value)

const crawlersOf = (crawlers: readonly string[] = ['https://bsky.network']) =>
  crawlers.map((crawler) => (crawler.includes('://') ? crawler : `https://${crawler}`))
