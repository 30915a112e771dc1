import { define } from '#lex/com/atproto/repo/deleteRecord'
import { ownRepo } from '#src/accounts/own-repo.ts'
import { session } from '#src/auth/policy.ts'
import { unwrap } from '#src/durable/outcome.ts'

export default define({
  auth: session,
  async handler({ input, auth, app }) {
    const did = await ownRepo(app, input.repo, auth.did)
    const { collection, rkey, swapRecord: swap } = input
    const write = { action: 'delete', collection, rkey, swap } as const
    const { commit } = unwrap(
      await app.account(did).write({ writes: [write], swapCommit: input.swapCommit }),
    )
    return commit ? { commit } : {}
  },
})
