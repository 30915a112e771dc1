/** The parts of an account's object, each with what it needs of the others. */
import type { AccountRpc } from '../../contracts/account.ts'
import type { Holder } from '../../contracts/answer.ts'
import type { Env } from '../../contracts/env.ts'
import { AnswerState } from '../../kernel/answer-state.ts'
import { configOf } from '../../kernel/config/config-of.ts'
import { createLogger } from '../../kernel/log.ts'
import { quotaOf } from '../../kernel/quota.ts'
import { PlcDirectory } from '../../services/identity/plc.ts'
import { networkOf } from '../../services/network.ts'
import { DiskSpace } from '../../services/objects/disk-space.ts'
import { hostObjects } from '../../services/objects/stubs.ts'
import { AppPasswords } from '../../storage/account/app-passwords.ts'
import { isDamage } from '../../storage/account/beside-repo.ts'
import { BlobTakedowns } from '../../storage/account/blob-takedowns.ts'
import { BlobIndex } from '../../storage/account/blobs.ts'
import { BrowserSessions as BrowserSessionTable } from '../../storage/account/browser-sessions.ts'
import { ExportSnapshots } from '../../storage/account/export-snapshot.ts'
import { Lifecycle as LifecycleStore } from '../../storage/account/lifecycle.ts'
import { ModerationOutbox } from '../../storage/account/moderation-outbox.ts'
import { OneTime } from '../../storage/account/one-time.ts'
import { Outbox } from '../../storage/account/outbox.ts'
import { Passkeys as PasskeyTable } from '../../storage/account/passkeys.ts'
import { Preferences as PreferenceTable } from '../../storage/account/preferences.ts'
import { RecoveryCodes } from '../../storage/account/recovery-codes.ts'
import { migrations } from '../../storage/account/schema.ts'
import { Sessions as SessionTable } from '../../storage/account/sessions.ts'
import { TotpStore } from '../../storage/account/totp.ts'
import { blobStore } from '../../storage/blobs/choose.ts'
import { blobFolder } from '../../storage/blobs/store.ts'
import { JobTable } from '../../storage/jobs.ts'
import { migrate } from '../../storage/migrate.ts'
import { RateCounter } from '../../storage/rate-counter.ts'
import { countRows, uncounted } from '../../storage/sql.ts'
import { RpcDispatcher } from '../dispatcher.ts'
import { importCheck } from '../import-check.ts'
import { Scheduler } from '../scheduler.ts'
import { Access } from './access.ts'
import { Archives } from './archives.ts'
import { Backup } from './backup.ts'
import { Blobs } from './blobs.ts'
import { BrowserSessions } from './browser-sessions.ts'
import type { AccountCore } from './core.ts'
import { Email } from './email.ts'
import { EventDelivery } from './event-delivery.ts'
import { Factors } from './factors.ts'
import { Facts } from './facts.ts'
import { HandleChange } from './handle-change.ts'
import { hasherOf } from './hasher.ts'
import { deleteBlobs, removeDelivered, signOutOfOAuth, sourceState } from './jobs.ts'
import { Keys } from './keys.ts'
import { Lifecycle } from './lifecycle.ts'
import { LogDelivery } from './log-delivery.ts'
import { useMailedCode } from './mailed-code.ts'
import { Moderation } from './moderation.ts'
import { logModeration, ModerationNotes } from './moderation-notes.ts'
import { Passkeys } from './passkeys.ts'
import { Passwords } from './passwords.ts'
import { Preferences } from './preferences.ts'
import { Profile } from './profile.ts'
import { AccountQuota } from './quota.ts'
import { Recovery } from './recovery.ts'
import { Repository } from './repository.ts'
import { resetTokens } from './reset-tokens.ts'
import { AccountRestore, isRestoring, type Restored } from './restore.ts'
import { ServiceTokens } from './service-tokens.ts'
import { Sessions } from './sessions.ts'
import { signOutOf } from './sign-out.ts'
import { SignOuts } from './sign-outs.ts'
import { Totp } from './totp.ts'

/** What the parts of an object ask of it. */
export interface Shell {
  restored: Restored
  emptyStore(did: string, cause?: unknown): Promise<void>
}

/** The parts of an account, each with what it needs of the others. */
export function buildParts(ctx: DurableObjectState, env: Env, { restored, emptyStore }: Shell) {
  const { storage } = ctx
  const config = configOf(env)
  const rowCounter = config.devMode ? countRows(storage.sql) : uncounted(storage.sql)
  const { sql } = rowCounter
  // On Cloudflare an object may have moved without the isolate of whoever asks knowing.
  const answers = env.BLOB_DISK ? new AnswerState(ctx.id.toString()) : undefined
  const objects = hostObjects(env)
  const space = new DiskSpace(env)
  const blobIndex = new BlobIndex(sql)
  const blobTakedowns = new BlobTakedowns(sql, blobIndex)
  const outbox = new Outbox(sql)
  const moderationOutbox = new ModerationOutbox(sql)
  const snapshots = new ExportSnapshots(sql)
  const store = new LifecycleStore({ storage, sql, outbox, blobs: blobIndex, snapshots, answers })
  const { profile, repo } = store
  const did = () => profile.did() ?? ''
  const plc = new PlcDirectory(config, networkOf(env, config).operator)
  const delivery = new EventDelivery({
    outbox,
    repo,
    log: new LogDelivery({ kv: storage.kv, objects, isDivided: config.logShards > 1 }),
    did,
    state: () => sourceState(store),
  })
  const blobDeletion = deleteBlobs(blobIndex, blobTakedowns, () => blobStore(env))
  const recovery = new Recovery({
    plc,
    objects,
    profile,
    outbox,
    hasOtherWork: () =>
      blobIndex.keysToDelete(1).length > 0 ||
      blobTakedowns.hasQuarantine() ||
      !moderationOutbox.isEmpty(),
    open: () => lifecycle.openPending(),
    destroy: () => store.destroy(),
    wipe,
  })
  const moderationLog = logModeration(moderationOutbox, objects, repo)
  const notes = new ModerationNotes(moderationOutbox, () => scheduler, moderationLog)
  const oauthSignOut = signOutOfOAuth(objects, did, () => profile.isDeleted())
  const handleChange = new HandleChange({
    kv: storage.kv,
    lifecycle: store,
    plc,
    directory: () => objects.directory,
    schedule: () => scheduler.runLater(handleChange, HandleChange.DURATION),
    changed: () => scheduler.start(delivery),
  })
  const passkeyTable = new PasskeyTable(sql)
  const totpStore = new TotpStore(sql)
  const facts = new Facts({
    kv: storage.kv,
    profile,
    hasTotp: () => totpStore.enabled() !== undefined,
    hasPasskey: () => passkeyTable.list().length > 0,
    storedBytes: () => repositoryBytesOf(repo) + blobIndex.usage.get().bytes,
    directory: () => objects.directory,
    start: () => scheduler.start(facts),
  })
  const jobs = [
    delivery,
    removeDelivered(outbox, repo),
    blobDeletion,
    oauthSignOut,
    handleChange,
    moderationLog,
    recovery,
    facts,
  ]
  const log = () => createLogger({ account: did() })
  const scheduler = new Scheduler(ctx, new JobTable(sql), log, jobs, space)

  const signOuts = new SignOuts(storage.kv)
  const core: AccountCore = {
    storage,
    sql,
    config,
    plc,
    profile,
    answers,
    signOuts,
    hasher: hasherOf(env, ctx),
    quota: () => quotaOf(config.quota, profile.quota()),
    changed() {
      scheduler.start(delivery)
      facts.stored()
      if (blobIndex.hasKeysToDelete) scheduler.start(blobDeletion)
    },
    delivered: () => scheduler.finished(delivery),
    factsChanged: () => facts.changed(),
  }
  const sessionTable = new SessionTable(sql)
  const oneTime = new OneTime(sql)
  const browserTable = new BrowserSessionTable(sql)
  const preferenceTable = new PreferenceTable(sql)
  const rates = new RateCounter(sql)
  const signOut = signOutOf({
    sessions: sessionTable,
    browsers: browserTable,
    oneTime,
    signOuts,
    scheduler,
    oauth: oauthSignOut,
  })

  const recoveryCodes = new RecoveryCodes(sql)
  const keys = new Keys(core, store, { totp: totpStore, recoveryCodes })
  const tables = { appPasswords: new AppPasswords(sql), passkeys: passkeyTable }
  const mailed = resetTokens(objects, did, log)
  const passwords = new Passwords(core, tables, sessionTable, signOut, mailed)
  const factors = new Factors(core, {
    passwords,
    totp: new Totp(core, totpStore),
    recoveryCodes,
    rates,
    useMailedCode: (code) => useMailedCode(objects, config, did(), code),
  })
  const sessions = new Sessions(core, sessionTable, passwords, factors)
  const passkeys = new Passkeys(core, passkeyTable, oneTime, signOut)
  const lifecycle = new Lifecycle(core, store, keys, sessionTable, signOut, notes, emptyStore)

  const browserSessions = new BrowserSessions(core, browserTable, {
    passwords,
    factors,
    passkeys,
    oneTime,
    isSigningOut: () => scheduler.isPending(oauthSignOut),
  })

  function assertHolder(holder: Holder): void {
    if ('session' in holder) sessions.assertAuthorized(holder.session)
    else browserSessions.assertOpen(holder.browser, holder)
  }

  /** Leaves an empty store, as of an account that never was. */
  function wipe(): Promise<void> {
    // Nobody begins an account of the same DID meanwhile, whose blobs would go as well.
    return ctx.blockConcurrencyWhile(async () => {
      if (!profile.isDeleted()) return
      await blobStore(env).deleteFolder(blobFolder(did()))
      await objects.appTables(did()).lifecycle.destroy()
      await storage.deleteAll()
      migrate(storage, migrations)
      for (const part of [outbox, profile, repo, scheduler]) part.clearCache()
      keys.cache(undefined)
    })
  }

  if (!outbox.isEmpty() && !isRestoring(storage.kv)) ctx.waitUntil(scheduler.resume(delivery))
  const parts: AccountRpc = {
    lifecycle,
    profile: new Profile(core, store, handleChange, blobIndex, preferenceTable),
    email: new Email(core),
    preferences: new Preferences(core, preferenceTable),
    repository: new Repository(core, repo, keys, sessions, importCheck(ctx, env)),
    blobs: new Blobs(core, blobIndex),
    archives: new Archives(core),
    quota: new AccountQuota(core, store, blobIndex, log),
    moderation: new Moderation(core, { repo, blobs: blobTakedowns, blobIndex, notes }),
    keys,
    serviceTokens: new ServiceTokens(core, keys, sessions, repo),
    sessions,
    passwords,
    factors,
    passkeys,
    browserSessions,
    access: new Access(core, factors, passkeyTable, signOut),
    rateLimits: rates,
    rowCounts: rowCounter,
    backup: new Backup(core, repo, blobIndex, keys),
    restore: new AccountRestore({ core, store, blobIndex, keys, restored }),
  }
  return {
    dispatcher: new RpcDispatcher(parts),
    scheduler,
    assertHolder,
    delivered: core.delivered,
    leaveAsDeleted(did: string) {
      store.leaveAsDeleted(did)
      core.changed()
    },
  }
}

/** Of one that cannot be read nobody knows. */
function repositoryBytesOf(repo: LifecycleStore['repo']): number {
  try {
    return repo.stored().repositoryBytes
  } catch (error) {
    if (isDamage(error)) return 0
    throw error
  }
}
