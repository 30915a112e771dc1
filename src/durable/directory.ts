import { DurableObject } from 'cloudflare:workers'
import type { RpcObject, RpcResult } from '../contracts/answer.ts'
import type { DirectoryRpc } from '../contracts/directory.ts'
import type { Env } from '../contracts/env.ts'
import { type Config, readConfig } from '../kernel/config/config.ts'
import { keySecrets } from '../kernel/config/secret-settings.ts'
import { createLogger } from '../kernel/log.ts'
import { counters } from '../kernel/metrics/counters.ts'
import { PlcDirectory } from '../services/identity/plc.ts'
import { SignUps as SignUpService } from '../services/mail/sign-ups.ts'
import { chooseTransport } from '../services/mail/transports/choose.ts'
import { networkOf } from '../services/network.ts'
import { DiskSpace } from '../services/objects/disk-space.ts'
import { unlessRefused } from '../services/objects/result.ts'
import { hostObjects } from '../services/objects/stubs.ts'
import { AccountChanges } from '../storage/directory/account-changes.ts'
import { AccountList } from '../storage/directory/account-list.ts'
import { Accounts as AccountTable } from '../storage/directory/accounts.ts'
import { AuditLog } from '../storage/directory/audit.ts'
import { directoryPlan } from '../storage/directory/backup-plan.ts'
import { Bursts } from '../storage/directory/bursts.ts'
import { DevMails } from '../storage/directory/dev-mails.ts'
import { EmailTokens } from '../storage/directory/email-tokens.ts'
import { HandleRules } from '../storage/directory/handle-rules.ts'
import { Invites as InviteTable } from '../storage/directory/invites.ts'
import { StoredLexicons } from '../storage/directory/lexicons.ts'
import { Location } from '../storage/directory/location.ts'
import { Lockouts } from '../storage/directory/lockouts.ts'
import { MailBudgets } from '../storage/directory/mail-budgets.ts'
import { MailPreferences } from '../storage/directory/mail-preferences.ts'
import { MailQueue } from '../storage/directory/mail-queue.ts'
import { Mailings } from '../storage/directory/mailings.ts'
import { ModerationLog } from '../storage/directory/moderation-log.ts'
import { type NamingRules, ReleasedNames } from '../storage/directory/released-names.ts'
import { Reports as ReportTable } from '../storage/directory/reports.ts'
import { ReservedKeys } from '../storage/directory/reserved-keys.ts'
import { Roles } from '../storage/directory/roles.ts'
import { hasExpiring, migrations } from '../storage/directory/schema.ts'
import { SecretFingerprintStore } from '../storage/directory/secret-fingerprints.ts'
import { SecretRotationStore } from '../storage/directory/secret-rotations.ts'
import { SignUpQueue } from '../storage/directory/sign-up-queue.ts'
import { UsedTokens } from '../storage/directory/used-tokens.ts'
import { Webhooks } from '../storage/directory/webhooks.ts'
import { dumpRows, streamOf } from '../storage/dump.ts'
import { JobTable } from '../storage/jobs.ts'
import { migrate } from '../storage/migrate.ts'
import { RateCounter } from '../storage/rate-counter.ts'
import { Accounts } from './directory/accounts.ts'
import { AskAccounts } from './directory/ask-accounts.ts'
import { AUDIT_PRUNING, removeOldEntries } from './directory/audit.ts'
import { tellOfBurst } from './directory/burst-notice.ts'
import { openDivision, placeOf } from './directory/division.ts'
import { Invites } from './directory/invites.ts'
import { MailSender } from './directory/mail-sender.ts'
import { MailedTokens } from './directory/mailed-tokens.ts'
import { Mails } from './directory/mails.ts'
import { RecentChanges } from './directory/recent-changes.ts'
import { RECOUNT_EVERY, recountAccounts } from './directory/recount.ts'
import { CHANGES_PRUNING, removeOldChanges } from './directory/remove-changes.ts'
import { Reports } from './directory/reports.ts'
import { Residents } from './directory/residents.ts'
import { RotationJob } from './directory/rotation-job.ts'
import { openOlderSecrets, replaceRotationKeys, rewrapKeys } from './directory/rotation-work.ts'
import { Secrets } from './directory/secrets.ts'
import { SendToAll } from './directory/send-to-all.ts'
import { QUEUE_CHECK, refuseOverdue, SignUps } from './directory/sign-ups.ts'
import { RpcDispatcher } from './dispatcher.ts'
import { DirectoryRestore } from './object-restore.ts'
import { type Job, Scheduler } from './scheduler.ts'

/** How long after something was stored that expires what has expired is removed, in ms. */
const PRUNING = 60 * 60 * 1000

/** Calls that store something that expires. */
const EXPIRING: ReadonlySet<string> = new Set([
  'accounts.reserve',
  'accounts.setHandle',
  'accounts.remove',
  'keys.add',
  'tokens.put',
  'tokens.handOut',
  'serviceTokens.use',
  'lockouts.attempt',
])

/** Calls that leave a sign-up in the queue, perhaps. */
const QUEUEING: ReadonlySet<string> = new Set(['accounts.confirm', 'signUps.refuse'])

/** Calls that write in any case, and come often enough: the first of them ever begins what is done each day. */
const WRITING: ReadonlySet<string> = new Set(['accounts.confirm', 'rateLimits.consume'])

/**
 * The one object that knows who has an account on this host, and those that share what is looked up about that
 * (`directory/division.ts`): a thin shell that puts its parts together and owns the alarm. What each part answers is in `src/contracts/directory.ts`, what it stores in `src/storage/directory`.
 */
export class DirectoryObject extends DurableObject<Env> implements RpcObject {
  readonly #dispatcher: Pick<RpcDispatcher<DirectoryRpc>, 'call'>
  readonly #scheduler: Scheduler

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    counters.objects.note('directory', this)
    const { storage } = ctx
    const { sql } = storage
    const config = readConfig({ ...env })
    const place = placeOf(ctx)
    if (place) {
      const division = openDivision(ctx, env, place, config)
      this.#dispatcher = division.dispatcher
      this.#scheduler = division.scheduler
      return
    }
    migrate(storage, migrations)
    const objects = hostObjects(env)
    const network = networkOf(env, config)
    const rotations = new SecretRotationStore(storage.kv)
    let olderSecrets: readonly string[] = []
    // Most hosts have never changed theirs.
    if (rotations.olderKeySecrets()) {
      ctx.blockConcurrencyWhile(async () => {
        olderSecrets = await openOlderSecrets(rotations, config)
      })
    }
    const released = new ReleasedNames(
      sql,
      namingRules(config, () => olderSecrets),
    )
    const accounts = new AccountTable(sql, released)
    const changes = new AccountChanges(storage, accounts)
    const invites = new InviteTable(sql)
    const tokens = new EmailTokens(sql)
    const keys = new ReservedKeys(sql)
    const lexicons = new StoredLexicons(storage)
    const reportTable = new ReportTable(sql)
    const serviceTokens = new UsedTokens(sql)
    const lockouts = new Lockouts(sql)
    const queue = new MailQueue(sql)
    const outbox = new DevMails(sql)
    const rates = new RateCounter(sql)
    const budgets = new MailBudgets(sql, rates, config.mailBudgets)
    const preferences = new MailPreferences(sql)
    const mailings = new Mailings(sql)
    const transport = chooseTransport(config, env, network, outbox)
    const removeExpired: Job = {
      name: 'remove what has expired',
      async run() {
        const now = Date.now()
        storage.transactionSync(() => {
          for (const table of [accounts, released, tokens, keys, serviceTokens, lockouts])
            table.prune(now)
          for (const table of [queue, budgets]) table.prune(now)
        })
      },
      repeatAfter: () => (hasExpiring(sql) ? PRUNING : undefined),
    }
    const removeChanges = removeOldChanges(changes, config)
    const log = () => createLogger({ object: 'directory' })
    const sender = new MailSender({ queue, transport, secrets: keySecrets(config), log })
    const start = () => this.#scheduler.start(sender)
    const toAll = new SendToAll({ storage, mailings, preferences, queue, sender, start })
    const startMailing = () => this.#scheduler.start(toAll)
    const recount = recountAccounts(storage.kv, accounts, objects.account)
    const signUpQueue = new SignUpQueue(sql)
    const plc = new PlcDirectory(config, network.operator)
    const decisions = new SignUpService({ config, objects, plc, sends: transport !== undefined })
    const overdue = refuseOverdue(signUpQueue, config.signUps.queue.maxAge, async (did, reason) => {
      // One that was approved meanwhile stays.
      await unlessRefused(decisions.refuse(did, reason))
    })
    const bursts = new Bursts(storage.kv)
    const burstNotice = tellOfBurst({
      bursts,
      mails: () => mails,
      config,
      sends: transport !== undefined,
      log,
    })
    const audit = new AuditLog(sql)
    const auditPruning = removeOldEntries(audit, config.auditRetention)
    const list = new AccountList(sql)
    const asking = new AskAccounts(list, objects)
    const isQueued = (did: string) => signUpQueue.get(did) !== undefined
    const keyParts = { config, objects, store: rotations, released, queue, mailings, keys }
    const rotation = {
      key: new RotationJob(rewrapKeys(keyParts), rotations, accounts),
      plc: new RotationJob(
        replaceRotationKeys({ config, plc, accounts, isQueued }),
        rotations,
        accounts,
      ),
    }
    const jobs = [
      removeExpired,
      removeChanges,
      sender,
      toAll,
      recount,
      auditPruning,
      asking,
      overdue,
      burstNotice,
      rotation.key,
      rotation.plc,
    ]
    this.#scheduler = new Scheduler(ctx, new JobTable(sql), log, jobs, new DiskSpace(env))
    if (asking.isNeeded()) ctx.waitUntil(this.#scheduler.resume(asking))
    const mails = new Mails({
      storage,
      queue,
      budgets,
      preferences,
      mailings,
      outbox,
      sender,
      start,
      startMailing,
    })
    const moderation = new ModerationLog(sql)
    const recent = new RecentChanges()
    const secrets = new Secrets(storage, new SecretFingerprintStore(storage), rotations, {
      isPossible: (name) => rotation[name].isPossible,
      start: (name) => this.#scheduler.start(rotation[name]),
    })
    const restore = new DirectoryRestore({
      storage,
      plan: directoryPlan,
      migrations,
      accounts,
      clearCaches() {
        reportTable.clearCache()
        recent.begin()
      },
      replaced() {
        changes.end()
        secrets.again(['key', 'plc'])
      },
    })
    const parts: DirectoryRpc = {
      backup: { dump: () => streamOf(dumpRows(storage, directoryPlan, migrations.length, {})) },
      restore,
      accounts: new Accounts(storage, {
        accounts,
        list,
        invites,
        tokens,
        keys,
        lexicons,
        queue,
        outbox,
        signUps: signUpQueue,
        bursts,
        reports: reportTable,
        recent,
        restore,
      }),
      residents: new Residents(accounts, recent),
      changes,
      signUps: new SignUps(storage, signUpQueue, mails, bursts),
      invites: new Invites(storage, invites, accounts),
      tokens: new MailedTokens(tokens, accounts, mails, budgets),
      serviceTokens,
      keys,
      handleRules: new HandleRules(sql),
      webhooks: new Webhooks(sql),
      lexicons,
      rateLimits: rates,
      mails,
      moderation,
      reports: new Reports(storage, reportTable, moderation),
      lockouts,
      location: new Location(storage),
      secrets,
      roles: new Roles(sql),
      audit,
    }
    this.#dispatcher = new RpcDispatcher(parts, (method) => {
      if (method === 'changes.since') this.#scheduler.runLater(removeChanges, CHANGES_PRUNING)
      if (EXPIRING.has(method)) this.#scheduler.runLater(removeExpired, PRUNING)
      if (method === 'accounts.reserve' && bursts.untold()) this.#scheduler.start(burstNotice)
      if (QUEUEING.has(method)) this.#scheduler.runLater(overdue, QUEUE_CHECK)
      if (WRITING.has(method)) this.#scheduler.runLater(recount, RECOUNT_EVERY)
      if (method === 'audit.begin') this.#scheduler.runLater(auditPruning, AUDIT_PRUNING)
    })
  }

  call(part: string, method: string, args: readonly unknown[]): Promise<RpcResult> {
    return this.#dispatcher.call(part, method, args)
  }

  override alarm(): Promise<void> {
    return this.#scheduler.onAlarm()
  }
}

/** Which released handles are kept, for how long, and how. */
function namingRules(config: Config, olderKept: () => readonly string[]): NamingRules {
  const { handleCooldown: cooldown, handleDomains: domains } = config
  const [secret = '', ...others] = keySecrets(config)
  return { cooldown, domains, secret, olderSecrets: () => [...others, ...olderKept()] }
}
