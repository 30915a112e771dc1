import { InvalidRequestError } from '@atproto/xrpc-server'
import { define, errors } from '#lex/com/atproto/temp/checkHandleAvailability'
import { anyone } from '#src/server/auth/policy.ts'
import { checkEmail } from '#src/services/accounts/email-address.ts'

/** Whether a handle of this host can be had, and if not, what else could. */
export default define({
  auth: anyone,
  async handler({ params, services }) {
    assertEmail(params.email)
    const handle = await services.accounts.checkHandle(params.handle).catch((error: unknown) => {
      // A name that is reserved is taken, as far as people are concerned.
      const isReserved =
        error instanceof InvalidRequestError && error.customErrorName === 'HandleNotAvailable'
      if (isReserved) return undefined
      throw error
    })
    const isFree = handle !== undefined && (await services.directory.accounts.isHandleFree(handle))
    if (isFree) {
      const $type = 'com.atproto.temp.checkHandleAvailability#resultAvailable' as const
      return { handle, result: { $type } }
    }
    const $type = 'com.atproto.temp.checkHandleAvailability#resultUnavailable' as const
    const suggestions = await services.accounts.suggestHandles(params.handle)
    return { handle: params.handle, result: { $type, suggestions } }
  },
})

function assertEmail(email: string | undefined): void {
  try {
    checkEmail(email, { required: false })
  } catch (cause) {
    throw errors.InvalidEmail('This is not an email address', { cause })
  }
}
