import { XRPCError } from '@atproto/xrpc-server'
import type { Env } from './contracts/env.ts'
import type { AccountObject } from './durable/account.ts'
import type { DirectoryObject } from './durable/directory.ts'
import type { OAuthObject } from './durable/oauth.ts'
import type { SequencerObject } from './durable/sequencer.ts'
import { type Config, readConfig } from './kernel/config/config.ts'
import type { Logger } from './kernel/log.ts'
import { clientAddress } from './server/client-address.ts'
import { mayBypass } from './server/limits/bypass.ts'
import { IsolateLimits } from './server/limits/isolate.ts'
import { ResidentCache } from './services/accounts/account-cache.ts'
import { PlcDirectory } from './services/identity/plc.ts'
import { IdentityMemory, IdentityResolver } from './services/identity/resolver.ts'
import { createLexiconResolver } from './services/lexicons/create.ts'
import { LexiconMemory, type LexiconResolver } from './services/lexicons/resolver.ts'
import * as names from './services/objects/stubs.ts'
import { blobStore } from './storage/blobs/choose.ts'
import type { BlobStore } from './storage/blobs/store.ts'
import type { Resident } from './storage/directory/accounts.ts'
import type { Budget } from './storage/rate-counter.ts'

/** What a handler can reach: the settings, the four kinds of object, the blob store, the log. */
export interface App {
  readonly config: Config
  readonly log: Logger
  readonly blobs: BlobStore
  readonly directory: DurableObjectStub<DirectoryObject>
  readonly sequencer: DurableObjectStub<SequencerObject>
  readonly oauth: DurableObjectStub<OAuthObject>
  /** Who is who in the network. */
  readonly identity: IdentityResolver
  /** Lexicons that others publish. */
  readonly lexicons: LexiconResolver
  /** The directory of did:plc identities. */
  readonly plc: PlcDirectory
  /** Requests to addresses that the operator chose, which may be private. */
  readonly operatorFetch: typeof fetch
  account(did: string): DurableObjectStub<AccountObject>
  /** Where the request comes from; empty when nobody knows. */
  readonly clientAddress: string
  /** Whether it is counted how often the client asks. */
  readonly isLimited: boolean
  readonly isolateLimits: IsolateLimits
  /** What the client has left of what was counted. */
  readonly budgets: Budget[]
  /** What the answer says besides, whoever gives it. */
  readonly answerHeaders: Headers
  /** The accounts that this request has had to do with. */
  readonly touched: ReadonlySet<string>
  /** The account on this host with this handle or DID, or undefined. */
  findResident(handleOrDid: string): Promise<Resident | undefined>
  /** The same, for methods that are about an account of this host. */
  getResident(handleOrDid: string): Promise<Resident>
  /** After a change: what this isolate remembers of a handle or DID is out of date. */
  forget(handleOrDid: string): void
  /** Lets work go on after the answer is sent. */
  later(work: Promise<unknown>): void
}

/** What an isolate keeps from request to request. */
interface Kept {
  config: Config
  residents: ResidentCache
  plc: PlcDirectory
  memory: IdentityMemory
  lexiconMemory: LexiconMemory
  isolateLimits: IsolateLimits
}

const kept = new WeakMap<Env, Kept>()

/** Settings are parsed once per isolate; @throws ConfigError */
function keptOf(env: Env): Kept {
  let found = kept.get(env)
  if (!found) {
    const config = readConfig({ ...env })
    found = {
      config,
      residents: new ResidentCache(),
      plc: new PlcDirectory(config),
      memory: new IdentityMemory(),
      lexiconMemory: new LexiconMemory(config),
      isolateLimits: new IsolateLimits(),
    }
    kept.set(env, found)
  }
  return found
}

/** @throws ConfigError when a setting is missing or wrong */
export function createApp(env: Env, ctx: ExecutionContext, log: Logger, request: Request): App {
  const { config, residents, plc, memory, lexiconMemory, isolateLimits } = keptOf(env)
  const directory = names.directory(env)
  const touched = new Set<string>()
  const findResident = (handleOrDid: string) =>
    residents.get(handleOrDid, async () =>
      directory.find(handleOrDid.startsWith('did:') ? 'did' : 'handle', handleOrDid),
    )
  const account = (did: string) => {
    touched.add(did)
    return names.account(env, did)
  }
  const later = (work: Promise<unknown>) => ctx.waitUntil(work)
  const identity = new IdentityResolver({
    config,
    memory,
    findResident,
    describe: async (did) => account(did).describe(true),
    later,
    log,
  })
  return {
    config,
    log,
    blobs: blobStore(env),
    directory,
    sequencer: names.sequencer(env),
    oauth: names.oauth(env),
    identity,
    lexicons: createLexiconResolver({
      config,
      memory: lexiconMemory,
      directory,
      identity,
      account,
      later,
      log,
    }),
    plc,
    clientAddress: clientAddress(request),
    isLimited: config.rateLimits && !mayBypass(request, config),
    isolateLimits,
    budgets: [],
    answerHeaders: new Headers(),
    operatorFetch: (input, init) => (env.OPERATOR_NETWORK ?? globalThis).fetch(input, init),
    touched,
    account,
    findResident,
    async getResident(handleOrDid) {
      const resident = await findResident(handleOrDid)
      if (!resident) {
        throw new XRPCError(400, `Could not find repo: ${handleOrDid}`, 'RepoNotFound')
      }
      return resident
    },
    forget(handleOrDid) {
      residents.forget(handleOrDid)
      identity.forget(handleOrDid)
    },
    later,
  }
}
