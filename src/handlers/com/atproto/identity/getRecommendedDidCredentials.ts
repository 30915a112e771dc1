import { define } from '#lex/com/atproto/identity/getRecommendedDidCredentials'
import { session } from '#src/server/auth/policy.ts'
import { handleUri, pdsService } from '#src/services/identity/plc-operation.ts'
import { unwrap } from '#src/services/objects/result.ts'

/** What the DID document of an account that lives here should say. */
export default define({
  auth: session,
  oauth: 'any',
  async handler({ auth, app }) {
    const { did } = auth
    const [{ handle }, key] = await Promise.all([
      app.getResident(did),
      app.account(did).publicKey(),
    ])
    const rotationKeys = [app.config.recoveryKey, app.plc.rotationDidKey()]
    return {
      alsoKnownAs: [handleUri(handle)],
      verificationMethods: { atproto: unwrap(key) },
      services: { atproto_pds: pdsService(app.config.publicUrl) },
      ...(did.startsWith('did:plc:') && {
        rotationKeys: rotationKeys.filter((rotationKey) => rotationKey !== undefined),
      }),
    }
  },
})
