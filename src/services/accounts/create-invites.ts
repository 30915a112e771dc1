import { InvalidRequestError } from '@atproto/xrpc-server'
import { OPERATOR } from '../../storage/directory/invite-code.ts'
import type { AccountDependencies } from './dependencies.ts'
import { makeInviteCodes } from './invite-codes.ts'

/** How many codes are made at once, at most. */
export const MOST_INVITES = 10_000

/** What an operator hands out. */
export interface InviteOrder {
  /** Codes for each account. */
  count: number
  /** How often each may be used. */
  uses: number
  /** DIDs, or `admin` for codes that are for nobody in particular. */
  forAccounts: readonly string[]
}

/** Makes invite codes. @throws InvalidRequestError when there are too many or too few */
export async function createInvites(
  dependencies: AccountDependencies,
  { count, uses, forAccounts }: InviteOrder,
): Promise<{ account: string; codes: string[] }[]> {
  if (!(uses >= 1)) throw new InvalidRequestError('useCount must be 1 or more')
  if (!(count >= 1 && count * forAccounts.length <= MOST_INVITES)) {
    throw new InvalidRequestError(`1 to ${MOST_INVITES} codes can be made at once`)
  }
  const made = forAccounts.map((account) => ({
    account,
    codes: makeInviteCodes(dependencies, count),
  }))
  await dependencies.objects.directory.invites.add(
    made.flatMap(({ account, codes }) =>
      codes.map((code) => ({ code, available: uses, forAccount: account, createdBy: OPERATOR })),
    ),
  )
  return made
}
