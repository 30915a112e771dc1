import { define } from '#lex/com/atproto/repo/importRepo'
import { importRepoLimits } from '#src/context/limits/policy.ts'
import { detach } from '#src/kernel/net/request-body.ts'
import { fullSession } from '#src/server/auth/policy.ts'
import { signingKeyOf } from '#src/services/identity/did-document.ts'

/**
 * Replaces the caller's repository by the one in the CAR file that is sent. It is signed by the key that the
 * DID document names, as long as the account still lives elsewhere, or by the account's own.
 */
export default define({
  auth: fullSession,
  oauth: { account: 'repo', action: 'manage' },
  limits: importRepoLimits,
  // The object counts what arrives, and says what is too large; this is for what says so itself.
  inputLimit: ({ maxImportSize }) => maxImportSize + 1024 * 1024,
  countsInput: true,
  plainInput: true,
  async handler({ input, auth, services }) {
    const { did, session } = auth
    const signOuts = await services.account(did, { session }).sessions.signOuts()
    const document = await services.identity.did(did, { fresh: true })
    const key = signingKeyOf(document)
    await services.account(did).repository.importCar(detach(input), key ? [key] : [], signOuts)
  },
})
