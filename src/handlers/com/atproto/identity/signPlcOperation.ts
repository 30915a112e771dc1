import { InvalidRequestError } from '@atproto/xrpc-server'
import { define } from '#lex/com/atproto/identity/signPlcOperation'
import { fullSessionEvenTakendown } from '#src/server/auth/policy.ts'
import { type PlcState, parseOperation } from '#src/services/identity/plc-operation.ts'

/**
 * Signs a change of the caller's did:plc with this host's rotation key; what is not given stays. The token comes
 * by mail: whoever has only the password cannot take the identity away.
 */
export default define({
  auth: fullSessionEvenTakendown,
  oauth: { identity: '*' },
  async handler({ input, auth, services }) {
    const { token, rotationKeys, alsoKnownAs, verificationMethods } = input
    if (token === undefined) {
      throw new InvalidRequestError('email confirmation token required to sign PLC operations')
    }
    if (!auth.did.startsWith('did:plc:')) {
      throw new InvalidRequestError('This account does not have a did:plc')
    }
    await services.account(auth.did).profile.assertMayPublish()
    const given = {
      rotationKeys,
      alsoKnownAs,
      verificationMethods,
      services: input.services,
    }
    const operation = await services.plc.nextOperation(
      auth.did,
      // Whether the maps are what they should be is found out right after.
      (state) => ({ ...state, ...withoutUndefined(given) }) as PlcState,
    )
    parseOperation(operation)
    await services.mail.consumeToken('plc_operation', token, auth.did)
    services.mail.tell(auth.did, { kind: 'identity change signed' })
    return { operation: { ...operation } }
  },
})

const withoutUndefined = (values: object): object =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined))
