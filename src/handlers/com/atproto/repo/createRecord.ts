import { define } from '#lex/com/atproto/repo/createRecord'
import { sessionAdmittedByObject } from '#src/server/auth/policy.ts'
import { cidOption } from '#src/services/records/cid-option.ts'
import { WRITE_BODY_LIMIT } from '#src/services/records/limits.ts'
import { ownRepo } from '#src/services/records/own-repo.ts'
import { prepareRecord } from '#src/services/records/prepare.ts'
import { findSchema } from '#src/services/records/schema.ts'
import { writeRepo } from '#src/services/records/write.ts'
import { writeView } from '#src/services/records/write-view.ts'

export default define({
  auth: sessionAdmittedByObject,
  oauth: ({ input }) => [{ repo: input.collection, action: 'create' }],
  inputLimit: WRITE_BODY_LIMIT,
  async handler({ input, auth, app }) {
    const did = await ownRepo(app, input.repo, auth.did)
    const schema = await findSchema(app, input, did)
    const { record, validationStatus, defaultKey } = prepareRecord(input, schema)
    const write = {
      action: 'create',
      collection: input.collection,
      rkey: input.rkey ?? defaultKey,
      record,
      // A client that wants no validation is taken at its word.
      replacesTwins: input.validate !== false,
    } as const
    const result = await writeRepo(app, auth, {
      writes: [write],
      swapCommit: cidOption(input.swapCommit),
    })
    return { ...writeView(did, result), validationStatus }
  },
})
