import { InvalidRequestError } from '@atproto/xrpc-server'
import { define } from '#lex/com/atproto/identity/submitPlcOperation'
import { assertKeepsAccountHere } from '#src/accounts/plc-operations.ts'
import { session } from '#src/auth/policy.ts'
import { unwrap } from '#src/durable/outcome.ts'
import { parseOperation } from '#src/identity/plc-operation.ts'

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
