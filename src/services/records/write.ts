import type { App } from '../../app.ts'
import type { UserCredentials } from '../../server/auth/policy.ts'
import { noteBudget } from '../../server/limits/enforce.ts'
import type { WriteBatch, WriteResult } from '../../storage/account/repo.ts'
import { unwrap } from '../objects/result.ts'

/**
 * Writes to the caller's repository. The account's object looks whether the session is open and whether the
 * account may write so much, and applies the batch, all in one go.
 *
 * @throws XRPCError as `AccountRepository.write`; RateLimitError
 */
export async function writeRepo(
  app: App,
  { did, session }: UserCredentials,
  batch: WriteBatch,
): Promise<WriteResult> {
  const options = { limited: app.isLimited }
  const result = unwrap(await app.account(did).write(batch, session, options))
  noteBudget(app, result.budget)
  return result
}
