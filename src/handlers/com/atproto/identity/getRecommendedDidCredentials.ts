import { define } from '#lex/com/atproto/identity/getRecommendedDidCredentials'
import { session } from '#src/server/auth/policy.ts'
import { handleUri, pdsService } from '#src/services/identity/plc-operation.ts'

/** What the DID document of an account that lives here should say. */
export default define({
  auth: session,
  oauth: 'any',
  async handler({ auth, services }) {
    const { did } = auth
    const [{ handle }, key] = await Promise.all([
      services.accounts.get(did),
      services.account(did).keys.publicKey(),
    ])
    const rotationKeys = [services.config.recoveryKey, services.plc.rotationDidKey()]
    return {
      alsoKnownAs: [handleUri(handle)],
      verificationMethods: { atproto: key },
      services: { atproto_pds: pdsService(services.config.publicUrl) },
      ...(did.startsWith('did:plc:') && {
        rotationKeys: rotationKeys.filter((rotationKey) => rotationKey !== undefined),
      }),
    }
  },
})
