import { define } from '#lex/com/atproto/server/checkAccountStatus'
import { session } from '#src/server/auth/policy.ts'

/** What there is of an account on this host: how far a move has got. Counts blobs; records are counted as they change. */
export default define({
  auth: session,
  oauth: 'any',
  async handler({ auth, services }) {
    const [inventory, problem] = await Promise.all([
      services.account(auth.did).profile.inventory(),
      services.accounts.identityProblem(auth.did),
    ])
    const { active, head, rev, blocks, records, preferences, ...blobs } = inventory
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
