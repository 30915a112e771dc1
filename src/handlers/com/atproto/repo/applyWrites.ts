import { InvalidRequestError } from '@atproto/xrpc-server'
import { define } from '#lex/com/atproto/repo/applyWrites'
import type { Permission } from '#src/server/auth/permissions.ts'
import { sessionAdmittedByObject } from '#src/server/auth/policy.ts'
import { batchView, prepareBatch } from '#src/services/records/batch.ts'
import { cidOption } from '#src/services/records/cid-option.ts'
import { MAX_WRITES, WRITE_BODY_LIMIT } from '#src/services/records/limits.ts'
import { ownRepo } from '#src/services/records/own-repo.ts'
import { findSchemas } from '#src/services/records/schema.ts'
import { writeRepo } from '#src/services/records/write.ts'
import { commitView } from '#src/services/records/write-view.ts'

/** What a token must allow for one of the writes: `…#create`, `…#update` or `…#delete`. */
const permissionFor = ({
  $type,
  collection,
}: {
  $type: string
  collection: string
}): Permission => ({
  repo: collection,
  action: $type.slice($type.indexOf('#') + 1) as 'create' | 'update' | 'delete',
})

export default define({
  auth: sessionAdmittedByObject,
  oauth: ({ input }) => input.writes.map(permissionFor),
  inputLimit: WRITE_BODY_LIMIT,
  async handler({ input, auth, app }) {
    const did = await ownRepo(app, input.repo, auth.did)
    if (input.writes.length > MAX_WRITES) {
      throw new InvalidRequestError(`Too many writes. Max: ${MAX_WRITES}`)
    }
    const { validate } = input
    const queries = input.writes.map(({ collection }) => ({ collection, validate }))
    const schemas = await findSchemas(app, queries, did)
    const { writes, statuses } = prepareBatch(input.writes, validate, schemas)
    const swapCommit = cidOption(input.swapCommit)
    const { commit, results } = await writeRepo(app, auth, { writes, swapCommit })
    return { ...commitView(commit), results: batchView(did, results, statuses) }
  },
})
