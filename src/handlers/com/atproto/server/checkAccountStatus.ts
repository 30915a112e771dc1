import { define } from '#lex/com/atproto/server/checkAccountStatus'
import { session } from '#src/server/auth/policy.ts'
import { identityProblem } from '#src/services/accounts/identity-check.ts'
import { unwrap } from '#src/services/objects/result.ts'

/** What there is of an account on this host: how far a move has got. Counts every row. */
export default define({
  auth: session,
  oauth: 'any',
  async handler({ auth, app }) {
    const [inventory, problem] = await Promise.all([
      app.account(auth.did).inventory(),
      identityProblem(app, auth.did),
    ])
    const { active, head, rev, blocks, records, preferences, ...blobs } = unwrap(inventory)
    return {
      activated: active,
      validDid: problem === undefined,
      repoCommit: head,
      repoRev: rev,
      repoBlocks: blocks,
      indexedRecords: records,
      privateStateValues: preferences,
      ...blobs,
    }
  },
})
