/**
 * Every setting of a host, in one table. It is the source of `Config`, of `npm start -- --help` and of
 * `docs/configuration.md`. Names are the reference PDS's where the meaning is the same.
 */
import { backupSettings } from './backup-settings.ts'
import { brandingSettings } from './branding.ts'
import {
  address,
  choice,
  count,
  domains,
  flag,
  host,
  list,
  routes,
  type Setting,
  secret,
  someOf,
  text,
  url,
} from './kinds.ts'
import { mailSettings } from './mail-settings.ts'
import { operationSettings } from './operation-settings.ts'
import { quotaSettings } from './quota-settings.ts'
import { lastingSecrets, nextSecretSettings } from './secret-settings.ts'
import { signUpSettings } from './sign-up-settings.ts'

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

/** The port that is listened on unless PDS_PORT says another. */
export const DEFAULT_PORT = 2583

export const settings = {
  PDS_HOSTNAME: host('localhost', 'Public host name; the server is `https://<name>`.'),
  PDS_PORT: count(String(DEFAULT_PORT), 'Port that `npm start` listens on.'),
  PDS_BIND: address(
    '127.0.0.1',
    'Address that `npm start` listens on: `0.0.0.0` or `::` for all, where a proxy is on another machine or in ' +
      'another container.',
  ),
  PDS_STUCK_LIMIT_MS: count(
    '60000 (a minute)',
    'How long the server may not answer before `npm start` ends it and starts it again: code of an app may loop without end. ' +
      'Less than a second is a second.',
  ),
  PDS_DATA_DIRECTORY: text('data', 'Folder for everything that `npm start` keeps.'),
  PDS_KEYS_EXIST: flag(
    'false',
    'The keys of this host are in its data folder, as `cumulus init` notes it: where they are not, such as on a disk that is not ' +
      'mounted, it does not start, instead of making others.',
  ),
  PDS_SERVICE_DID: host('`did:web:<hostname>`', 'DID of this server.'),
  PDS_SERVICE_HANDLE_DOMAINS: domains(
    '`.<hostname>`; `.test` on localhost',
    'Domains, each with a leading dot, under which handles are given out. Separated by commas.',
  ),
  PDS_ADMIN_PASSWORD: secret(
    'made by `npm start`',
    'Password of the operator, user `admin` in HTTP Basic. At least 16 characters. Without it nobody is the operator.',
  ),
  PDS_JWT_SECRET: secret('made by `npm start`', 'Signs session tokens. At least 16 characters.'),
  PDS_DPOP_SECRET: secret(
    'derived from PDS_JWT_SECRET',
    'Makes the nonces that apps put into their proofs (DPoP): 64 hex digits.',
  ),
  PDS_KEY_SECRET: secret(
    'made by `npm start`',
    'Encrypts signing keys at rest. At least 16 characters. Losing it loses the keys.',
  ),
  PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX: secret(
    'made by `npm start`',
    'Signs changes of `did:plc` identities: a secp256k1 private key, 64 hex digits. Losing it means that ' +
      'accounts cannot change their handle or signing key here any more.',
  ),
  ...nextSecretSettings,
  PDS_RECOVERY_DID_KEY: text(
    'none',
    'A `did:key` of the operator that outranks the rotation key in every `did:plc` identity made here.',
  ),
  PDS_ROTATED_SECRETS: someOf(
    'none',
    lastingSecrets,
    'Secrets that have been changed on purpose since the last start; without it the host does not start with others ' +
      'than before. To be unset afterwards. Separated by commas.',
  ),
  PDS_DID_PLC_URL: url(
    'https://plc.directory; on localhost a directory of its own, on the port below PDS_PORT',
    'Directory of `did:plc` identities.',
  ),
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
    'Curve of the signing keys of new accounts: `k256` (secp256k1) or `p256` (P-256), which signs faster here and is ' +
      'verified more slowly by the AppView (docs/accounts.md).',
  ),
  ...signUpSettings,
  PDS_HANDLE_COOLDOWN_MS: count(
    '2592000000 (30 days)',
    'How long nobody else gets a handle that an account gave up, by deletion or for another one. 0: not at all.',
  ),
  PDS_AUDIT_RETENTION_MS: count('31536000000 (a year)', 'How long audit entries are kept.'),
  PDS_BLOB_QUARANTINE_MS: count(
    '2592000000 (30 days)',
    'How long the bytes of a blob that was taken down are kept, where nobody gets them, before they are deleted.',
  ),
  PDS_INVITE_INTERVAL: count(
    'accounts get no invite codes',
    'An account may hand out one more invite code after so many ms.',
  ),
  PDS_INVITE_EPOCH: count('0', 'Invite codes are counted from this time on, in ms since 1970.'),
  PDS_CONTACT_EMAIL_ADDRESS: text('none', 'Where people reach the operator.'),
  PDS_PRIVACY_POLICY_URL: url('none', 'Privacy policy, shown by `describeServer`.'),
  PDS_TERMS_OF_SERVICE_URL: url('none', 'Terms of service, shown by `describeServer`.'),
  ...brandingSettings,
  ...mailSettings,
  PDS_CRAWLERS: list(
    'https://bsky.network; `none` for no relay',
    'Relays that are asked to crawl this host. Separated by commas.',
  ),
  PDS_REPO_BACKFILL_LIMIT_MS: count('259200000 (72 hours)', 'How long firehose events are kept.'),
  PDS_FIREHOSE_MAX_LOG: count(
    '4294967296 (4 GiB)',
    'Bytes of firehose events that are kept, as they are stored: packed; where several objects share the log, in each. When ' +
      'there are more, the oldest go before their time. The database takes somewhat more, and may have 10 GB on Cloudflare.',
  ),
  PDS_FIREHOSE_FIRST_SEQ: count(
    'microseconds since 1970 at the first event',
    'Number of the first event of the firehose. Relays leave a host whose numbers are lower than those they know of ' +
      'its host name.',
  ),
  PDS_FIREHOSE_MAX_UNREAD: count(
    '33554432 (32 MiB); with `npm start` a sixteenth of the memory of the machine, 32 to 512 MiB',
    'Bytes sent to consumers of the firehose, all together, that are not known to be read. They may be in memory, ' +
      'of which Cloudflare gives 128 MB. What was read counts until the connection ends.',
  ),
  PDS_FIREHOSE_MAX_CONSUMERS: count('200', 'Consumers of the firehose at once.'),
  PDS_FIREHOSE_MAX_CONSUMERS_PER_ADDRESS: count(
    '10',
    'Those of one address, or one IPv6 /64, where rate limits are enabled.',
  ),
  PDS_FIRST_HANDLE: text(
    '`alice.test` on localhost; none on a public host',
    'Handle of the account that `npm start` makes when there is none. On a public host it makes one only if this is set.',
  ),
  PDS_FIRST_DID_METHOD: choice(
    'plc',
    ['plc', 'web'],
    'Identity of that account: a `did:plc`, or the `did:web` of its handle, which needs no directory and cannot move.',
  ),
  PDS_FIRST_PASSWORD: secret(
    'made up; shown on a terminal, otherwise in `first-password` in the data folder',
    'Password of that first account.',
  ),
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
  PDS_REUSE_SERVICE_TOKENS: someOf(
    'appview',
    ['appview', 'chat', 'none'],
    'Services that are shown the same token of an account for half a minute, in questions only, which saves the ' +
      'signature: `appview`, `chat`, both, or `none`. All others get a new one with each request (docs/routing.md).',
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
  PDS_PROXY_MAX_REQUEST_SIZE: count(
    '104857600',
    'Largest body that is passed on to another service, in bytes, as it comes.',
  ),
  PDS_BLOB_UPLOAD_LIMIT: count('5242880', 'Largest blob in bytes.'),
  PDS_MAX_REPO_IMPORT_SIZE: count(
    '536870912 (512 MiB)',
    'Largest repository that `importRepo` takes, in bytes of its CAR file, and of its records: one that occurs at ' +
      'several keys counts at each.',
  ),
  ...quotaSettings,
  PDS_IMAGE_LOCATION: choice(
    'strip',
    ['allow', 'strip', 'reject'],
    'JPEG, PNG and WebP images that say where they were taken (GPS, place names): `allow` keeps ' +
      'them as they are, `strip` takes the location out, `reject` refuses the upload. What comes along with an account ' +
      'that moves here stays as it is: its records name the bytes.',
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
  ...operationSettings,
  ...backupSettings,
  PDS_DEV_MODE: flag(
    'false',
    'Development, on this machine only: answers are checked against their lexicons, plain http is forwarded to, ' +
      'mails are shown at `/dev/mail` instead of being sent, and there are no rate limits.',
  ),
} as const satisfies Record<string, Setting<unknown>>

type Settings = typeof settings
export type SettingName = keyof Settings

/** Settings as they arrive: environment variables, or text bindings of the Worker. */
export type RawSettings = Partial<Record<SettingName, string>>

type Parsed = { [Name in SettingName]?: ReturnType<Settings[Name]['parse']> }

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

/** Switches off what a setting would otherwise stand for. */
export const NONE = 'none'
