import { InvalidRequestError } from '@atproto/xrpc-server'
import { define, errors } from '#lex/com/atproto/temp/checkHandleAvailability'
import { anyone } from '#src/server/auth/policy.ts'
import { checkEmail } from '#src/services/accounts/email-address.ts'
import { checkHandle } from '#src/services/accounts/handle-rules.ts'
import { suggestHandles } from '#src/services/accounts/suggest-handles.ts'

/** Whether a handle of this host can be had, and if not, what else could. */
export default define({
  auth: anyone,
  async handler({ params, app }) {
    assertEmail(params.email)
    const handle = await checkHandle(app, params.handle).catch((error: unknown) => {
      // A name that is reserved is taken, as far as people are concerned.
      const isReserved =
        error instanceof InvalidRequestError && error.customErrorName === 'HandleNotAvailable'
      if (isReserved) return undefined
      throw error
    })
    const isFree = handle !== undefined && (await app.directory.isHandleFree(handle))
    if (isFree) {
      const $type = 'com.atproto.temp.checkHandleAvailability#resultAvailable' as const
      return { handle, result: { $type } }
    }
    const $type = 'com.atproto.temp.checkHandleAvailability#resultUnavailable' as const
    const suggestions = await suggestHandles(app, params.handle)
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
