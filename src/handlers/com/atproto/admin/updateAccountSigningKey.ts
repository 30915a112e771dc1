import { InvalidRequestError } from '@atproto/xrpc-server'
import { define } from '#lex/com/atproto/admin/updateAccountSigningKey'
import { admin } from '#src/server/auth/policy.ts'

/** Puts a key from `reserveSigningKey` in the place of an account's signing key. */
export default define({
  auth: admin,
  async handler({ input, services }) {
    const reserved = await services.directory.keys.find('signingKey', input.signingKey)
    if (!reserved) {
      throw new InvalidRequestError(
        'This host does not have that key: call reserveSigningKey first',
      )
    }
    await services.accounts.changeSigningKey(input.did, reserved)
  },
})
