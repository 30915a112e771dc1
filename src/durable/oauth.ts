import { DurableObject } from 'cloudflare:workers'
import type { RpcObject, RpcResult } from '../contracts/answer.ts'
import type { Env } from '../contracts/env.ts'
import type { OAuthRpc } from '../contracts/oauth.ts'
import { createLogger } from '../kernel/log.ts'
import { counters } from '../kernel/metrics/counters.ts'
import { DiskSpace } from '../services/objects/disk-space.ts'
import { dumpRows, streamOf } from '../storage/dump.ts'
import { JobTable } from '../storage/jobs.ts'
import { migrate } from '../storage/migrate.ts'
import { oauthPlan } from '../storage/oauth/backup-plan.ts'
import { AuthorizedClients } from '../storage/oauth/clients.ts'
import { Devices as DeviceTable } from '../storage/oauth/devices.ts'
import { Epochs } from '../storage/oauth/epochs.ts'
import { Replays } from '../storage/oauth/replays.ts'
import { AuthorizationRequests } from '../storage/oauth/requests.ts'
import { isEmpty, migrations } from '../storage/oauth/schema.ts'
import { Tokens as TokenTable } from '../storage/oauth/tokens.ts'
import { RpcDispatcher } from './dispatcher.ts'
import { Clients } from './oauth/clients.ts'
import { Devices } from './oauth/devices.ts'
import { Requests } from './oauth/requests.ts'
import { Tokens } from './oauth/tokens.ts'
import { ObjectRestore } from './object-restore.ts'
import { type Job, Scheduler } from './scheduler.ts'

/** How often what has expired is removed, in ms. */
const PRUNING = 60 * 60 * 1000

/** Calls that store something that expires. */
const EXPIRING: ReadonlySet<string> = new Set([
  'devices.create',
  'requests.create',
  'tokens.create',
  'replays.isFirst',
  'accounts.remove',
])

/**
 * The one object that knows which apps may act for whom: devices, requests, consents and tokens of the OAuth
 * server. A thin shell that puts its parts together and owns the alarm. What each part answers is in
 * `src/contracts/oauth.ts`, what it stores in `src/storage/oauth`.
 */
export class OAuthObject extends DurableObject<Env> implements RpcObject {
  readonly #dispatcher: RpcDispatcher<OAuthRpc>
  readonly #scheduler: Scheduler

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env)
    counters.objects.note('oauth', this)
    const { storage } = ctx
    const { sql } = storage
    migrate(storage, migrations)
    const devices = new DeviceTable(sql)
    const clients = new AuthorizedClients(sql)
    const requests = new AuthorizationRequests(sql)
    const tokenTable = new TokenTable(sql)
    const replays = new Replays(sql)
    const epochs = new Epochs(sql)
    const tokens = new Tokens(storage, tokenTable, epochs)
    const removeExpired: Job = {
      name: 'remove what has expired',
      async run() {
        const now = Date.now()
        storage.transactionSync(() => {
          for (const table of [requests, tokenTable, replays, devices, epochs]) table.prune(now)
        })
        tokens.clearCache()
      },
      repeatAfter: () => (isEmpty(sql) ? undefined : PRUNING),
    }
    const log = () => createLogger({ object: 'oauth' })
    this.#scheduler = new Scheduler(
      ctx,
      new JobTable(sql),
      log,
      [removeExpired],
      new DiskSpace(env),
    )
    const parts: OAuthRpc = {
      backup: { dump: () => streamOf(dumpRows(storage, oauthPlan, migrations.length, {})) },
      restore: new ObjectRestore({
        storage,
        plan: oauthPlan,
        migrations,
        clearCaches: () => tokens.clearCache(),
      }),
      devices: new Devices(devices, epochs),
      clients: new Clients(clients, epochs),
      requests: new Requests(requests, epochs),
      tokens,
      replays,
      accounts: {
        epoch: (did) => epochs.of(did),
        remove(did, options) {
          storage.transactionSync(() => {
            epochs.advance(did, options.gone)
            for (const table of [tokenTable, requests, clients]) table.forgetAccount(did)
            if (options.gone) devices.forgetGone(did)
            else if (options.devices) devices.forgetAccount(did)
          })
          tokens.clearCache()
        },
        removeClient(did, clientId) {
          storage.transactionSync(() => {
            epochs.advance(did)
            for (const table of [tokenTable, requests, clients]) table.forgetClient(did, clientId)
          })
          tokens.clearCache()
        },
      },
    }
    this.#dispatcher = new RpcDispatcher(parts, (method) => {
      if (EXPIRING.has(method)) this.#scheduler.runLater(removeExpired, PRUNING)
    })
  }

  call(part: string, method: string, args: readonly unknown[]): Promise<RpcResult> {
    return this.#dispatcher.call(part, method, args)
  }

  override alarm(): Promise<void> {
    return this.#scheduler.onAlarm()
  }
}
