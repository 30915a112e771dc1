import { define } from '#lex/com/atproto/repo/importRepo'
import { importRepoLimits } from '#src/context/limits/policy.ts'
import { detach } from '#src/kernel/net/request-body.ts'
import { fullSession } from '#src/server/auth/policy.ts'
import { signingKeyOf } from '#src/services/identity/did-document.ts'

/**
 * Replaces the caller's repository by the one in the CAR file that is sent. It is signed by the key that the
 * DID document names, as long as the account still lives elsewhere, or by the account's own. The answer names records
 * that break the rules of the data model, and were kept as they are; as a rule it is empty.
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
    await services.space.assertRoom()
    const signOuts = await services.account(did, { session }).sessions.signOuts()
    const document = await services.identity.did(did, { fresh: true })
    const key = signingKeyOf(document)
    const keys = key ? [key] : []
    const { count, records } = await services
      .account(did)
      .repository.importCar(detach(input), keys, signOuts)
    if (count === 0) return
    for (const { path, reason } of records) {
      services.log.info('an unclean record was imported as it is', { did, path, reason })
    }
    // The lexicon has no output: clients leave it unread, and people who move by hand see it.
    return Response.json({ uncleanRecords: count, records })
  },
})
