import { InvalidRequestError } from '@atproto/xrpc-server'
import { define } from '#lex/com/atproto/repo/describeRepo'
import { anyone } from '#src/server/auth/policy.ts'
import { taggedJson } from '#src/server/xrpc/json-text.ts'
import { IdentityError } from '#src/services/identity/identity-error.ts'

/** The account as the network knows it: its DID document, and whether handle and document lead to each other. */
export default define({
  auth: anyone,
  async handler({ params, services }) {
    const { did, handle } = await services.accounts.get(params.repo)
    // Refuses where the account is not active.
    const collections = await services.account(did).repository.collections()
    const asked = { onNetwork: true, active: did }
    const identity = await services.identity.identify(did, asked).catch((cause: unknown) => {
      if (!(cause instanceof IdentityError)) throw cause
      throw new InvalidRequestError(`Could not resolve DID: ${cause.message}`, undefined, { cause })
    })
    const { didDoc } = identity
    const handleIsCorrect = identity.handle === handle
    return taggedJson({ handle, did, didDoc, collections, handleIsCorrect })
  },
})
