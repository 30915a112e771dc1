import { InvalidRequestError } from '@atproto/xrpc-server'
import { type Quota, type QuotaOverride, quotaNames } from '../../kernel/quota.ts'
import type { AccountDependencies } from './dependencies.ts'

/** A number for each limit that is to change, 0 for none; null: the host's again. */
export type QuotaChange = { readonly [Name in keyof Quota]?: number | null }

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
  const checked = checkQuotaChange(change)
  const { quota } = objects.account(did)
  const override: Record<string, number> = { ...(await quota.override()) }
  for (const [name, value] of Object.entries(checked)) {
    if (value === null) delete override[name]
    else override[name] = value
  }
  await quota.setOverride(override)
  return override
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
