import { InvalidRequestError } from '@atproto/xrpc-server'
import { define } from '#lex/com/atproto/identity/submitPlcOperation'
import { session } from '#src/server/auth/policy.ts'
import { assertKeepsAccountHere } from '#src/services/accounts/plc-operations.ts'
import { parseOperation } from '#src/services/identity/plc-operation.ts'
import { unwrap } from '#src/services/objects/result.ts'

/** Hands an operation to the PLC directory, provided that the account could still live here afterwards. */
export default define({
  auth: session,
  oauth: { identity: '*' },
  async handler({ input, auth, app }) {
    const operation = parseOperation(input.operation)
    if (operation.type !== 'plc_operation') {
      throw new InvalidRequestError('To end an account, delete it')
    }
    await assertKeepsAccountHere(app, auth.did, operation)
    await app.plc.submit(auth.did, operation)
    app.forget(auth.did)
    unwrap(await app.account(auth.did).announceIdentity())
  },
})
