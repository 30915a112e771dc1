import { InvalidRequestError } from '@atproto/xrpc-server'
import { type QuotaChange, type QuotaOverride, quotaNames } from '../../kernel/quota.ts'
import type { AccountDependencies } from './dependencies.ts'

/**
 * Sets limits of one account in place of the host's; what is not named stays.
 *
 * @returns all that is set for this account
 * @throws InvalidRequestError
 */
export async function setQuota(
  { objects }: Pick<AccountDependencies, 'objects'>,
  did: string,
  change: Readonly<Record<string, unknown>>,
): Promise<QuotaOverride> {
  return objects.account(did).quota.change(checkQuotaChange(change))
}

/** @throws InvalidRequestError for what is no limit, or no whole number */
function checkQuotaChange(change: Readonly<Record<string, unknown>>): QuotaChange {
  for (const [name, value] of Object.entries(change)) {
    if (!quotaNames.some((known) => known === name)) {
      throw new InvalidRequestError(`There is no quota "${name}": ${quotaNames.join(', ')}`)
    }
    if (value !== null && !(Number.isSafeInteger(value) && Number(value) >= 0)) {
      throw new InvalidRequestError(`The quota ${name} must be a whole number, 0 for none, or null`)
    }
  }
  return change as QuotaChange
}
