import { define } from '#lex/com/atproto/repo/createRecord'
import { sessionCheckedByAccount } from '#src/server/auth/policy.ts'
import { cidOption } from '#src/services/records/cid-option.ts'
import { WRITE_BODY_LIMIT } from '#src/services/records/limits.ts'
import { prepareRecord } from '#src/services/records/prepare.ts'
import { writeView } from '#src/services/records/write-view.ts'

export default define({
  auth: sessionCheckedByAccount,
  oauth: ({ input }) => [{ repo: input.collection, action: 'create' }],
  inputLimit: WRITE_BODY_LIMIT,
  async handler({ input, auth, services }) {
    const did = await services.repositories.assertOwn(input.repo, auth.did)
    const schema = await services.repositories.findSchema(input, did)
    await services.repositories.upgradeBlobs(input.record, did)
    const { record, validationStatus, defaultKey } = prepareRecord(input, schema)
    const write = {
      action: 'create',
      collection: input.collection,
      rkey: input.rkey ?? defaultKey,
      record,
      // A client that wants no validation is taken at its word.
      replacesDuplicates: input.validate !== false,
    } as const
    const result = await services.repositories.write(auth, {
      writes: [write],
      swapCommit: cidOption(input.swapCommit),
    })
    return { ...writeView(did, result), validationStatus }
  },
})
