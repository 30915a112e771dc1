import { InvalidRequestError } from '@atproto/xrpc-server'
import { define } from '#lex/com/atproto/repo/describeRepo'
import { anyone } from '#src/server/auth/policy.ts'
import { IdentityError } from '#src/services/identity/identity-error.ts'

/** The account as the network knows it: its DID document, and whether handle and document lead to each other. */
export default define({
  auth: anyone,
  async handler({ params, services }) {
    const { did, handle } = await services.accounts.get(params.repo)
    const [collections, identity] = await Promise.all([
      services.account(did).repository.collections(),
      services.identity.identify(did, { onNetwork: true }).catch((cause: unknown) => {
        if (!(cause instanceof IdentityError)) throw cause
        throw new InvalidRequestError(`Could not resolve DID: ${cause.message}`, undefined, {
          cause,
        })
      }),
    ])
    const { didDoc } = identity
    return { handle, did, didDoc, collections, handleIsCorrect: identity.handle === handle }
  },
})
