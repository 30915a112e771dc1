import { InvalidRequestError } from '@atproto/xrpc-server'
import { define } from '#lex/com/atproto/repo/applyWrites'
import { sessionCheckedByAccount } from '#src/server/auth/policy.ts'
import { actionOf, batchView, prepareBatch } from '#src/services/records/batch.ts'
import { cidOption } from '#src/services/records/cid-option.ts'
import { MAX_WRITES, WRITE_BODY_LIMIT } from '#src/services/records/limits.ts'
import { commitView } from '#src/services/records/write-view.ts'

export default define({
  auth: sessionCheckedByAccount,
  oauth: ({ input }) =>
    input.writes.map((write) => ({ repo: write.collection, action: actionOf(write) })),
  inputLimit: WRITE_BODY_LIMIT,
  async handler({ input, auth, services }) {
    const did = await services.repositories.assertOwn(input.repo, auth.did)
    if (input.writes.length > MAX_WRITES) {
      throw new InvalidRequestError(`Too many writes. Max: ${MAX_WRITES}`)
    }
    const { validate } = input
    const queries = input.writes.map(({ collection }) => ({ collection, validate }))
    const schemas = await services.repositories.findSchemas(queries, did)
    await services.repositories.upgradeBlobs(input.writes, did)
    const { writes, statuses } = prepareBatch(input.writes, validate, schemas)
    const swapCommit = cidOption(input.swapCommit)
    const { commit, results } = await services.repositories.write(auth, { writes, swapCommit })
    return { ...commitView(commit), results: batchView(did, results, statuses) }
  },
})
