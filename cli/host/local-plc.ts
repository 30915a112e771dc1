/** A host that only this machine reaches brings its own directory of did:plc identities. */
import type { RawSettings } from '../../src/kernel/config/settings.ts'
import { CommandError } from '../terminal/errors.ts'
import { isLocal } from './first-account.ts'
import type { PlcDirectory } from './plc-directory.ts'

/**
 * Starts the directory, unless the host is a public one or has another (PDS_DID_PLC_URL).
 *
 * @param file its log
 * @param port of the host; the directory listens on the one below it, where that is free
 * @throws CommandError
 */
export async function startLocalPlc(
  raw: RawSettings,
  file: string,
  port: number,
): Promise<PlcDirectory | undefined> {
  if (raw.PDS_DID_PLC_URL || !isLocal(raw)) return undefined
  // It is large, and nothing that a public host should need.
  const { startPlcDirectory } = await import('./plc-directory.ts').catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error
    throw new CommandError(
      'A host on localhost takes packages that are not installed here: set PDS_HOSTNAME to the public name of this host, ' +
        'or run `npm ci`.',
    )
  })
  return startPlcDirectory({ file, port: Math.max(0, port - 1) })
}
