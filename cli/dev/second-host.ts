/** The second host of `cumulus dev --two`: beside the first, with a port, data, secrets and handles of its own. */
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { RawSettings } from '../../src/kernel/config/settings.ts'
import { writeFileSafely } from '../host/safe-file.ts'
import { makeSecrets, parseSecrets } from '../settings/local.ts'
import { CommandError } from '../terminal/errors.ts'

/** Domain of its handles, with its dot. What is below `.test`, the first takes for its own. */
export const SECOND_DOMAIN = '.test2'
const FIRST_HANDLE = `bob${SECOND_DOMAIN}`

/**
 * What is other than at the first host. The passwords of the operator and of accounts are the same, so that one `.dev.vars` is
 * for both; what signs sessions and identities is not, as between hosts of two people.
 *
 * @param folder where its secrets are kept
 * @throws CommandError
 */
export function secondSettings(folder: string, port: number): RawSettings {
  const { PDS_ADMIN_PASSWORD: _, ...secrets } = keptSecrets(folder)
  return {
    ...secrets,
    PDS_PORT: String(port),
    // Without the port both would have one.
    PDS_SERVICE_DID: `did:web:localhost%3A${port}`,
    PDS_SERVICE_HANDLE_DOMAINS: SECOND_DOMAIN,
    PDS_FIRST_HANDLE: FIRST_HANDLE,
  }
}

function keptSecrets(folder: string): RawSettings {
  const path = join(folder, 'secrets.json')
  if (!existsSync(path)) {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    writeFileSafely(path, `${JSON.stringify(makeSecrets({}), null, 2)}\n`)
  }
  const kept = parseSecrets(readFileSync(path, 'utf8'))
  if (!kept) throw new CommandError(`${path} is damaged: delete ${folder}, with what is in it.`)
  return kept
}
