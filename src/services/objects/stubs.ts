/** How the Worker and the objects find each other: one object per account, one of each other kind. */

import type { AccountRpc } from '../../contracts/account.ts'
import type { Holder, RpcClient } from '../../contracts/answer.ts'
import type { AppRpc } from '../../contracts/app.ts'
import type {
  DirectoryDivisionRpc,
  DirectoryRpc,
  DirectoryShardRpc,
} from '../../contracts/directory.ts'
import type { Env } from '../../contracts/env.ts'
import type { HostIndexRpc } from '../../contracts/host-index.ts'
import type { LogFrontRpc, LogRpc, LogShardRpc } from '../../contracts/log-shard.ts'
import type { OAuthRpc } from '../../contracts/oauth.ts'
import type { SequencerRpc } from '../../contracts/sequencer.ts'
import { type DataLocation, jurisdictions, locationHints } from '../../kernel/config/settings.ts'
import {
  type DirectoryPlace,
  directoryShardName,
  directoryShardOf,
} from '../../kernel/directory-shards.ts'
import { FIRST_LAYOUT, type IndexLayout, shardName } from '../../kernel/index-shards.ts'
import { FIRST_LOG, type LogPlace, logShardName } from '../../kernel/log-shards.ts'
import { rpcClient } from './client.ts'
import { type HostIndexClient, hostIndexClient } from './host-index.ts'
import type { IndexShardClient } from './index-clients.ts'

export type AccountClient = RpcClient<AccountRpc>
export type DirectoryClient = RpcClient<DirectoryRpc>
export type DirectoryShardClient = RpcClient<DirectoryShardRpc>
export type DirectoryDivisionClient = RpcClient<DirectoryDivisionRpc>
export type SequencerClient = DurableObjectStub<SequencerRpc & Rpc.DurableObjectBranded>
export type LogShardClient = RpcClient<{ shard: LogShardRpc }>['shard']
export type LogFrontClient = RpcClient<{ front: LogFrontRpc }>['front']
export type OAuthClient = RpcClient<OAuthRpc>
export type { HostIndexClient, IndexShardClient }
export type AppClient = RpcClient<AppRpc>

/** The objects of this host. A stub is good for one request, so each use makes one. */
export interface HostObjects {
  /** @param holder who must be signed in for what is called, and still be when it is done */
  account(did: string, holder?: Holder): AccountClient
  readonly directory: DirectoryClient
  /** How many objects share what is looked up about accounts. */
  readonly directoryShards: number
  /** One of them, as those ask it who want to know how it is doing. */
  directoryDivision(place: DirectoryPlace): DirectoryDivisionClient
  /** The one of them that a name belongs to; the directory, where there are no others. */
  directoryShard(name: string): DirectoryShardClient
  readonly sequencer: SequencerClient
  /** One of the objects that share the log; the sequencer, where it is not divided. */
  logShard(place: LogPlace): LogShardClient
  /** The same as what the sequencer answers of accounts that it has itself. */
  logSequencer(place: LogPlace): SequencerClient
  /** What gives events their numbers, as those objects call it. */
  readonly logFront: LogFrontClient
  readonly oauth: OAuthClient
  /** The index as a whole. */
  readonly hostIndex: HostIndexClient
  /** One object of the index. @param shard from 0 */
  indexShard(layout: IndexLayout, shard: number): IndexShardClient
  /** The tables of the app. @param owner a DID; undefined: those of the host */
  appTables(owner: string | undefined): AppClient
}

interface HostObjectsOptions {
  /** Told of each account that is called. */
  onAccount?: ((did: string) => void) | undefined
  /** As the settings say; those who answer nobody's requests need not know. */
  directoryShards?: number
}

export function hostObjects(
  env: Env,
  { onAccount, directoryShards = 1 }: HostObjectsOptions = {},
): HostObjects {
  const indexShard = (layout: IndexLayout, shard: number) =>
    rpcClient<HostIndexRpc>(indexStub(env, layout, shard))
  const layouts = () => Promise.resolve(sequencerStub(env).indexLayouts())
  return {
    account(did, holder) {
      onAccount?.(did)
      return rpcClient(accountStub(env, did), holder)
    },
    get directory() {
      return rpcClient<DirectoryRpc>(directoryStub(env))
    },
    directoryShards,
    directoryShard: (name) =>
      rpcClient<DirectoryShardRpc>(directoryShardStub(env, name, directoryShards)),
    directoryDivision: (place) =>
      rpcClient<DirectoryDivisionRpc>(directoryDivisionStub(env, place)),
    get sequencer() {
      return sequencerStub(env)
    },
    logShard: (place) => rpcClient<LogRpc>(logShardStub(env, place)).shard,
    logSequencer: (place) => logShardStub(env, place),
    get logFront() {
      return rpcClient<LogRpc>(sequencerStub(env)).front
    },
    get oauth() {
      return rpcClient<OAuthRpc>(oauthStub(env))
    },
    hostIndex: hostIndexClient({ shard: indexShard, layouts }),
    indexShard,
    appTables: (owner) => rpcClient<AppRpc>(appStub(env, owner)),
  }
}

export const accountStub = (env: Env, did: string) => find(env.ACCOUNTS, did, env.PDS_DATA_LOCATION)

export const directoryStub = (env: Env) => find(env.DIRECTORY, 'directory', env.PDS_DATA_LOCATION)

/** The object that answers for a name where so many share that. */
export const directoryShardStub = (env: Env, name: string, shards: number) =>
  shards === 1
    ? directoryStub(env)
    : directoryDivisionStub(env, { shard: directoryShardOf(name, shards), shards })

const directoryDivisionStub = (env: Env, place: DirectoryPlace) =>
  find(env.DIRECTORY, directoryShardName(place), env.PDS_DATA_LOCATION)

export const sequencerStub = (env: Env) => find(env.SEQUENCER, 'sequencer', env.PDS_DATA_LOCATION)

export const logShardStub = (env: Env, place: LogPlace) =>
  place.layout.generation === FIRST_LOG.generation
    ? sequencerStub(env)
    : find(env.SEQUENCER, logShardName(place), env.PDS_DATA_LOCATION)

/** The index, or one of the objects that share it; unless given, the one that a host begins with. */
export const indexStub = (env: Env, layout = FIRST_LAYOUT, shard = 0) =>
  find(env.INDEX, shardName(layout, shard), env.PDS_DATA_LOCATION)

/** No DID is called `host`. */
export const appStub = (env: Env, owner: string | undefined) =>
  find(env.APP, owner ?? 'host', env.PDS_DATA_LOCATION)

export const oauthStub = (env: Env) => find(env.OAUTH, 'oauth', env.PDS_DATA_LOCATION)

/**
 * The object that remembers where all the others were put. It is in no jurisdiction: in another one, an
 * object of the same name is another object, which could not know of the first.
 */
export const locationStub = (env: Env) => env.DIRECTORY.get(env.DIRECTORY.idFromName('location'))

/** An object in its place (Durable Objects, data location). A hint counts when the object is created. */
function find<T extends Rpc.DurableObjectBranded | undefined>(
  namespace: DurableObjectNamespace<T>,
  name: string,
  location: string | undefined,
): DurableObjectStub<T> {
  if (isOneOf(jurisdictions, location)) {
    const within = namespace.jurisdiction(location)
    return within.get(within.idFromName(name))
  }
  const id = namespace.idFromName(name)
  return isOneOf(locationHints, location)
    ? namespace.get(id, { locationHint: location })
    : namespace.get(id)
}

const isOneOf = <T extends DataLocation>(
  locations: readonly T[],
  location: string | undefined,
): location is T => locations.some((candidate) => candidate === location)
