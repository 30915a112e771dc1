import { InvalidRequestError } from '@atproto/xrpc-server'
import { define } from '#lex/com/atproto/temp/dereferenceScope'
import { anyone } from '#src/server/auth/policy.ts'

/**
 * Authorization servers that shorten scopes say here what a short form stands for. The tokens of this host have their
 * scopes written out, so there is no such reference.
 */
export default define({
  auth: anyone,
  handler() {
    throw new InvalidRequestError(
      'This host writes out the scopes of its tokens: it has no references',
      'InvalidScopeReference',
    )
  },
})
