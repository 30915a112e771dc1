import { define } from '#lex/com/atproto/repo/deleteRecord'
import { sessionCheckedByAccount } from '#src/server/auth/policy.ts'
import { cidOption } from '#src/services/records/cid-option.ts'
import { commitView } from '#src/services/records/write-view.ts'

export default define({
  auth: sessionCheckedByAccount,
  oauth: ({ input }) => [{ repo: input.collection, action: 'delete' }],
  async handler({ input, auth, services }) {
    await services.repositories.assertOwn(input.repo, auth.did)
    const { collection, rkey } = input
    const swap = cidOption(input.swapRecord)
    const write = { action: 'delete', collection, rkey, swap } as const
    const { commit } = await services.repositories.write(auth, {
      writes: [write],
      swapCommit: cidOption(input.swapCommit),
    })
    return commitView(commit)
  },
})
