import { AuthRequiredError, ForbiddenError } from '@atproto/xrpc-server'
import type { App } from '../../app.ts'

/**
 * The DID behind the `repo` of a write, which must be the caller's own.
 *
 * @throws ForbiddenError `AccountNotFound`; AuthRequiredError
 */
export async function ownRepo(app: App, repo: string, caller: string): Promise<string> {
  if (repo === caller) return caller
  const resident = await app.findResident(repo)
  if (!resident) throw new ForbiddenError(`Could not find account: ${repo}`, 'AccountNotFound')
  if (resident.did !== caller) throw new AuthRequiredError()
  return resident.did
}
