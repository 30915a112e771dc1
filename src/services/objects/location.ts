/** Keeps a host from losing sight of its data when PDS_DATA_LOCATION is changed. */

import type { DirectoryRpc } from '../../contracts/directory.ts'
import type { Env } from '../../contracts/env.ts'
import { ConfigError } from '../../kernel/config/config.ts'
import type { DataLocation } from '../../kernel/config/settings.ts'
import { rpcClient } from './client.ts'
import { locationStub } from './stubs.ts'

/** Isolates whose setting is right. Not the promise: it would never resolve if the request that made it was cancelled. */
const checked = new WeakSet<Env>()

/**
 * Compares the setting with what was recorded at the host's first request; each isolate asks until it was right once.
 *
 * @throws ConfigError when it was changed: all accounts would seem to be gone
 */
export async function assertLocation(env: Env, location: DataLocation): Promise<void> {
  if (checked.has(env)) return
  await compare(env, location)
  checked.add(env)
}

async function compare(env: Env, location: DataLocation): Promise<void> {
  const directory = rpcClient<DirectoryRpc>(locationStub(env))
  const recorded = await directory.location.record(location)
  if (recorded !== location) {
    throw new ConfigError(
      `PDS_DATA_LOCATION is ${location}, but the data of this host are in ${recorded}: set it back. ` +
        'Data cannot change their place; accounts can be moved to another host.',
    )
  }
}
