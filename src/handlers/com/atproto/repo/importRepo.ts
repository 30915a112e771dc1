import { define } from '#lex/com/atproto/repo/importRepo'
import { fullSession } from '#src/server/auth/policy.ts'
import { signingKeyOf } from '#src/services/identity/did-document.ts'
import { unwrap } from '#src/services/objects/result.ts'

/**
 * Replaces the caller's repository by the one in the CAR file that is sent. It is signed by the key that the
 * DID document names, as long as the account still lives elsewhere, or by the account's own.
 */
export default define({
  auth: fullSession,
  oauth: { account: 'repo', action: 'manage' },
  async handler({ input, auth, app }) {
    const document = await app.identity.did(auth.did, { fresh: true })
    const key = signingKeyOf(document)
    unwrap(await app.account(auth.did).importRepo(input, key ? [key] : []))
  },
})
