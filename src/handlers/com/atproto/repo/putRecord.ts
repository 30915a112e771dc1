import { define } from '#lex/com/atproto/repo/putRecord'
import { ownRepo } from '#src/accounts/own-repo.ts'
import { writeRepo } from '#src/accounts/write.ts'
import { sessionAdmittedByObject } from '#src/auth/policy.ts'
import { cidOption } from '#src/records/cid-option.ts'
import { WRITE_BODY_LIMIT } from '#src/records/limits.ts'
import { prepareRecord } from '#src/records/prepare.ts'
import { findSchema } from '#src/records/schema.ts'
import { writeView } from '#src/records/write-view.ts'

export default define({
  auth: sessionAdmittedByObject,
  oauth: ({ input: { collection } }) => [
    { repo: collection, action: 'create' },
    { repo: collection, action: 'update' },
  ],
  inputLimit: WRITE_BODY_LIMIT,
  async handler({ input, auth, app }) {
    const did = await ownRepo(app, input.repo, auth.did)
    const schema = await findSchema(app, input, did)
    const { record, validationStatus } = prepareRecord(input, schema)
    const { collection, rkey } = input
    const swap = cidOption(input.swapRecord)
    const write = { action: 'put', collection, rkey, record, swap } as const
    const result = await writeRepo(app, auth, {
      writes: [write],
      swapCommit: cidOption(input.swapCommit),
    })
    return { ...writeView(did, result), validationStatus }
  },
})
