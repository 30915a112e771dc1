import { InvalidRequestError } from '@atproto/xrpc-server'
import { define } from '#lex/com/atproto/server/createInviteCodes'
import { admin } from '#src/server/auth/policy.ts'
import { OPERATOR } from '#src/storage/directory/invite-code.ts'

/** How many codes are made at once, at most. */
const MOST = 10_000

export default define({
  auth: admin,
  async handler({ input: { codeCount, useCount, forAccounts = [OPERATOR] }, services }) {
    if (useCount < 1) throw new InvalidRequestError('useCount must be 1 or more')
    if (codeCount < 1 || codeCount * forAccounts.length > MOST) {
      throw new InvalidRequestError(`1 to ${MOST} codes can be made at once`)
    }
    const made = forAccounts.map((account) => ({
      account,
      codes: services.accounts.makeInviteCodes(codeCount),
    }))
    await services.directory.invites.add(
      made.flatMap(({ account, codes }) =>
        codes.map((code) => ({
          code,
          available: useCount,
          forAccount: account,
          createdBy: OPERATOR,
        })),
      ),
    )
    return { codes: made }
  },
})
