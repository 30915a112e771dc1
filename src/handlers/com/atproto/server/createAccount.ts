import { InvalidRequestError } from '@atproto/xrpc-server'
import { define } from '#lex/com/atproto/server/createAccount'
import { createAccountLimits } from '#src/context/limits/policy.ts'
import { accountCreator } from '#src/server/auth/policy.ts'
import { greet } from '#src/services/mail/greet.ts'

/**
 * Makes an account. Without `did` it gets a new did:plc. With the did:web of a handle of this host, that is
 * what it gets. Any other DID is moved here, which takes a service token of the account's.
 */
export default define({
  auth: accountCreator,
  limits: createAccountLimits,
  async handler({ input, auth, services, waitUntil }) {
    if (input.plcOp !== undefined) throw new InvalidRequestError('Unsupported input: "plcOp"')
    // The provider's page has asked for it already; whoever was invited, or moves here, is somebody. An open host looks
    // at no code, and a proof of one DID is none of another.
    const isInvited = input.inviteCode && services.config.registration !== 'open'
    const isMoving = auth?.type === 'service' && auth.did === input.did
    if (auth?.type !== 'admin' && !isInvited && !isMoving) {
      await services.assertCaptcha(input.verificationCode, input.handle)
    }
    const { account, session } = await services.accounts.create(input, auth)
    waitUntil(greet(services, account))
    services.mail.welcomeApp(account.did, { isNew: false })
    services.mail.noteLanguage(account.did)
    const tokens = await services.accounts.issueTokens(account.did, session)
    return { ...tokens, did: account.did, handle: account.handle }
  },
})
