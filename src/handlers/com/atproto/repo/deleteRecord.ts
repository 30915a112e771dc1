import { define } from '#lex/com/atproto/repo/deleteRecord'
import { sessionAdmittedByObject } from '#src/server/auth/policy.ts'
import { cidOption } from '#src/services/records/cid-option.ts'
import { ownRepo } from '#src/services/records/own-repo.ts'
import { writeRepo } from '#src/services/records/write.ts'
import { commitView } from '#src/services/records/write-view.ts'

export default define({
  auth: sessionAdmittedByObject,
  oauth: ({ input }) => [{ repo: input.collection, action: 'delete' }],
  async handler({ input, auth, app }) {
    await ownRepo(app, input.repo, auth.did)
    const { collection, rkey } = input
    const swap = cidOption(input.swapRecord)
    const write = { action: 'delete', collection, rkey, swap } as const
    const { commit } = await writeRepo(app, auth, {
      writes: [write],
      swapCommit: cidOption(input.swapCommit),
    })
    return commitView(commit)
  },
})
