/** How the Worker and the objects find each other: one object per account, one of each other kind. */

import type { Env } from '../../contracts/env.ts'
import type { AccountObject } from '../../durable/account.ts'
import type { DirectoryObject } from '../../durable/directory.ts'
import type { OAuthObject } from '../../durable/oauth.ts'
import type { SequencerObject } from '../../durable/sequencer.ts'
import { type DataLocation, jurisdictions, locationHints } from '../../kernel/config/settings.ts'

export const account = (env: Env, did: string): DurableObjectStub<AccountObject> =>
  find(env.ACCOUNTS, did, env.PDS_DATA_LOCATION)

export const directory = (env: Env): DurableObjectStub<DirectoryObject> =>
  find(env.DIRECTORY, 'directory', env.PDS_DATA_LOCATION)

export const sequencer = (env: Env): DurableObjectStub<SequencerObject> =>
  find(env.SEQUENCER, 'sequencer', env.PDS_DATA_LOCATION)

export const oauth = (env: Env): DurableObjectStub<OAuthObject> =>
  find(env.OAUTH, 'oauth', env.PDS_DATA_LOCATION)

/**
 * The object that remembers where all the others were put. It is in no jurisdiction: in another one, an
 * object of the same name is another object, which could not know of the first.
 */
export const locationKeeper = (env: Env): DurableObjectStub<DirectoryObject> =>
  env.DIRECTORY.get(env.DIRECTORY.idFromName('location'))

/** An object in its place (Durable Objects, data location). A hint counts when the object is made. */
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
