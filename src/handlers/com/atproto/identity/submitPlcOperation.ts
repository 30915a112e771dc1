import { InvalidRequestError } from '@atproto/xrpc-server'
import { define } from '#lex/com/atproto/identity/submitPlcOperation'
import { session } from '#src/server/auth/policy.ts'
import { parseOperation } from '#src/services/identity/plc-operation.ts'

/** Hands an operation to the PLC directory, provided that the account could still live here afterwards. */
export default define({
  auth: session,
  oauth: { identity: '*' },
  async handler({ input, auth, services }) {
    const operation = parseOperation(input.operation)
    if (operation.type !== 'plc_operation') {
      throw new InvalidRequestError('To end an account, delete it')
    }
    await services.account(auth.did).profile.assertMayPublish()
    await services.accounts.assertKeepsAccountHere(auth.did, operation)
    await services.plc.submit(auth.did, operation)
    services.accounts.invalidate(auth.did)
    await services.account(auth.did).profile.announceIdentity()
  },
})
