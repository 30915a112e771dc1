/** What this host does for whoever answers a request: made once per isolate, from the bindings alone. */
import type { Env } from '../contracts/env.ts'
import type { ScheduledBackup } from '../contracts/host-report.ts'
import type { CollectionIndexes } from '../kernel/collections.ts'
import { type Config, readConfig } from '../kernel/config/config.ts'
import { describeSettings, type SettingView, unknownSettings } from '../kernel/config/describe.ts'
import { openSignUps } from '../kernel/config/open-sign-ups.ts'
import { createLogger, type Logger } from '../kernel/log.ts'
import type { Network } from '../kernel/net/network.ts'
import { AccountLookup } from '../services/accounts/account-lookup.ts'
import { Accounts } from '../services/accounts/accounts.ts'
import { assertCaptcha } from '../services/accounts/captcha.ts'
import { type AppDatabases, appDatabases } from '../services/app/databases.ts'
import { Archives } from '../services/archive/archive.ts'
import { viewSchedule } from '../services/backup/schedule-state.ts'
import { BlobService } from '../services/blobs/blobs.ts'
import { BlobCache } from '../services/blobs/cache.ts'
import { collectionReader, type ReaderOf } from '../services/collections/host-index.ts'
import { MailedCodes } from '../services/factors/mailed-codes.ts'
import { OperatorNames } from '../services/identity/operator-names.ts'
import { PlcDirectory } from '../services/identity/plc.ts'
import { IdentityCache, IdentityResolver } from '../services/identity/resolver.ts'
import { ownProof } from '../services/lexicons/own-proof.ts'
import { LexiconCache, LexiconResolver } from '../services/lexicons/resolver.ts'
import { MailService } from '../services/mail/mail.ts'
import { SignUps } from '../services/mail/sign-ups.ts'
import { sendsMail } from '../services/mail/transports/choose.ts'
import { Moderation } from '../services/moderation/moderation.ts'
import { networkOf } from '../services/network.ts'
import { NewestVersion } from '../services/newest-version.ts'
import { DiskSpace } from '../services/objects/disk-space.ts'
import { type HostObjects, hostObjects } from '../services/objects/stubs.ts'
import { OperatorActions } from '../services/operator-actions.ts'
import { Repositories } from '../services/records/repositories.ts'
import { SchemaSource } from '../services/records/schema.ts'
import { RelayStatuses } from '../services/relays.ts'
import { blobStore } from '../storage/blobs/choose.ts'
import { currentRequest } from './current-request.ts'
import { hashAhead } from './hash-ahead.ts'
import { countSignUp, countTry, enforceLimits } from './limits/enforce.ts'
import { createReportLimits, mailLimits } from './limits/policy.ts'

/** What a handler can reach. */
export interface Services extends HostObjects {
  /** Records of all accounts of this host, as collection files have them indexed (docs/collections.md). */
  index<const C extends keyof CollectionIndexes>(collection: C): ReaderOf<C>
  /** Tables of the app's own (docs/app-storage.md). */
  readonly app: AppDatabases
  readonly config: Config
  /** The log of the request that is being worked on. */
  readonly log: Logger
  /** Accounts of this host: finding, creating, changing them. */
  readonly accounts: Accounts
  /** Records of this host's accounts. */
  readonly repositories: Repositories
  /** Bytes of blobs. */
  readonly blobs: BlobService
  /** All of an account in one file. */
  readonly archives: Archives
  /** Handles, DIDs and their documents, of this host and of the network. */
  readonly identity: IdentityResolver
  /** Names that no account may have. */
  readonly operatorNames: OperatorNames
  /** The directory of did:plc identities. */
  readonly plc: PlcDirectory
  /** Lexicons that others publish. */
  readonly lexicons: LexiconResolver
  /** Mails to accounts, their tokens and addresses. */
  readonly mail: MailService
  /** What operators do with accounts. */
  readonly operator: OperatorActions
  /** Sign-ups that wait for the operator's approval. */
  readonly signUps: SignUps
  /** Demands the answer to a captcha for a sign-up, where the settings ask for one: see `assertCaptcha`. */
  assertCaptcha(token: string | undefined, handle: string): Promise<void>
  /** Codes by mail as a second factor. */
  readonly mailedCodes: MailedCodes
  /** Takedowns, reports and the log of both. */
  readonly moderation: Moderation
  /** The room that is left for data. */
  readonly space: DiskSpace
  /** The way to other servers. */
  readonly network: Network
  /** How the backups stand that the Worker makes of itself. */
  scheduledBackup(): Promise<ScheduledBackup | undefined>
  /** What relays say of this host. */
  readonly relays: RelayStatuses
  /** Whether a newer version is out. */
  readonly newestVersion: NewestVersion
  /** What is set, for the operator. */
  readonly settings: readonly SettingView[]
  /** Names that are set and look like settings, but are none. */
  readonly unknownSettings: readonly string[]
}

const cache = new WeakMap<Env, Services>()

/** The services of this isolate; settings are parsed once. @throws ConfigError when a setting is missing or wrong */
export function servicesOf(env: Env): Services {
  let services = cache.get(env)
  if (!services) {
    services = createServices(env)
    cache.set(env, services)
  }
  return services
}

function createServices(env: Env): Services {
  const config = readConfig({ ...env })
  noteOpenSignUps(config)
  const space = new DiskSpace(env)
  // Rows of the accounts that a request calls are counted then.
  const noteAccount = (did: string) => currentRequest().accountsCalled.add(did)
  const objects = hostObjects(env, {
    onAccount: config.devMode ? noteAccount : undefined,
    directoryShards: config.directoryShards,
  })
  const waitUntil = (work: Promise<unknown>) => currentRequest().waitUntil(work)
  const log = requestLog()
  const lookup = new AccountLookup(objects)
  const network = networkOf(env, config)
  const plc = new PlcDirectory(config, network.operator)
  const operatorNames = new OperatorNames(config)
  const identity = new IdentityResolver({
    config,
    operatorNames,
    cache: new IdentityCache(),
    findAccount: (handleOrDid) => lookup.find(handleOrDid),
    identify: (did) => objects.account(did).repository.identity(true),
    statusOf: async (did) => (await objects.account(did).repository.status()).status,
    waitUntil,
    log,
    network,
  })
  const lexicons = new LexiconResolver({
    config,
    cache: new LexiconCache(config),
    store: {
      find: (nsid) => objects.directory.lexicons.find(nsid),
      put: (row) => objects.directory.lexicons.put(row),
    },
    document: (did, options) => identity.did(did, options),
    ownProof: ownProof(config, objects),
    waitUntil,
    log,
    network,
  })
  const accounts = new Accounts({
    config,
    objects,
    lookup,
    identity,
    plc,
    operatorNames,
    space,
    countSignUp: () => countSignUp(currentRequest(), objects),
    hashAhead: hashAhead(env),
    countTry: (subject) => countTry(subject, currentRequest(), objects),
    waitUntil,
  })
  const sends = sendsMail(config, env)
  const relays = new RelayStatuses(config, network)
  const mail = new MailService({
    config,
    objects,
    sends,
    client: () => {
      const { request, clientNetwork: network } = currentRequest()
      const { headers } = request
      return {
        languages: headers.get('accept-language'),
        userAgent: headers.get('user-agent'),
        network,
      }
    },
    isLimited: () => currentRequest().limits.isLimited,
    waitUntil,
    log,
  })
  return {
    config,
    log,
    account: objects.account,
    get directory() {
      return objects.directory
    },
    directoryShards: objects.directoryShards,
    directoryShard: objects.directoryShard,
    directoryDivision: objects.directoryDivision,
    get sequencer() {
      return objects.sequencer
    },
    logShard: objects.logShard,
    logSequencer: objects.logSequencer,
    get logFront() {
      return objects.logFront
    },
    get oauth() {
      return objects.oauth
    },
    get hostIndex() {
      return objects.hostIndex
    },
    indexShard: objects.indexShard,
    appTables: objects.appTables,
    app: appDatabases(objects),
    index: (collection) => collectionReader(objects, collection),
    accounts,
    repositories: new Repositories({
      objects,
      space,
      lookup,
      log,
      schemas: new SchemaSource(config.lexiconMode, lexicons),
      limits: {
        isLimited: () => currentRequest().limits.isLimited,
        note: (status) => currentRequest().limits.note(status),
      },
    }),
    blobs: new BlobService({
      config,
      objects,
      space,
      store: () => blobStore(env),
      cache: blobCache(env, config, waitUntil),
      isLimited: () => currentRequest().limits.isLimited,
      waitUntil,
    }),
    archives: new Archives({ config, objects, plc, store: () => blobStore(env), log }),
    identity,
    operatorNames,
    plc,
    lexicons,
    mail,
    operator: new OperatorActions({ objects, accounts, relays, crawlers: config.crawlers }),
    assertCaptcha(token, handle) {
      const { clientAddress: address, request } = currentRequest()
      const userAgent = request.headers.get('user-agent')
      const { hcaptcha: keys, hcaptchaVerifyUrl: verifyUrl } = config.signUps
      const verifier = { keys, verifyUrl, fetch: network.operator }
      return assertCaptcha(verifier, token, { address, handle, userAgent })
    },
    signUps: new SignUps({ config, objects, plc, sends }),
    mailedCodes: new MailedCodes({
      objects,
      mail,
      log,
      countMail: (did) => enforceLimits(mailLimits, { auth: { did } }, currentRequest(), objects),
    }),
    moderation: new Moderation({
      objects,
      lookup,
      mail,
      blobStore: () => blobStore(env),
      countReport: (did) =>
        enforceLimits(createReportLimits, { auth: { did } }, currentRequest(), objects),
    }),
    network,
    space,
    relays,
    scheduledBackup: () => viewSchedule(env.BACKUPS, config.backups),
    newestVersion: new NewestVersion(config, network),
    get settings() {
      return describeSettings({ ...env })
    },
    get unknownSettings() {
      return unknownSettings({ ...env }, env.UNKNOWN_SETTINGS)
    },
  }
}

/** undefined where there is none: on plain workerd, whose blobs are files beside it, and on *.workers.dev, which has no cache. */
const blobCache = (
  env: Env,
  { publicUrl }: Config,
  waitUntil: (work: Promise<unknown>) => void,
): BlobCache | undefined =>
  env.BLOBS && !publicUrl.endsWith('.workers.dev') ? new BlobCache(publicUrl, waitUntil) : undefined

/** Once per isolate, so that nobody opens a host without knowing. */
function noteOpenSignUps(config: Config): void {
  const open = config.devMode ? undefined : openSignUps(config)
  if (!open) return
  const missing = open.missing.join('; ')
  createLogger({}).info(`registration: ${open.who}`, { ...(missing !== '' && { missing }) })
}

/** Writes to the log of whichever request is being worked on. */
const requestLog = (): Logger => ({
  info: (...entry) => currentRequest().log.info(...entry),
  error: (...entry) => currentRequest().log.error(...entry),
})
