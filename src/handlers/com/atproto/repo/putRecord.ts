import { define } from '#lex/com/atproto/repo/putRecord'
import { sessionCheckedByAccount } from '#src/server/auth/policy.ts'
import { cidOption } from '#src/services/records/cid-option.ts'
import { WRITE_BODY_LIMIT } from '#src/services/records/limits.ts'
import { prepareRecord } from '#src/services/records/prepare.ts'
import { writeView } from '#src/services/records/write-view.ts'

export default define({
  auth: sessionCheckedByAccount,
  oauth: ({ input: { collection } }) => [
    { repo: collection, action: 'create' },
    { repo: collection, action: 'update' },
  ],
  inputLimit: WRITE_BODY_LIMIT,
  async handler({ input, auth, services }) {
    const did = await services.repositories.assertOwn(input.repo, auth.did)
    const schema = await services.repositories.findSchema(input, did)
    await services.repositories.upgradeBlobs(input.record, did)
    const { record, validationStatus } = prepareRecord(input, schema)
    const { collection, rkey } = input
    const swap = cidOption(input.swapRecord)
    const write = { action: 'put', collection, rkey, record, swap } as const
    const result = await services.repositories.write(auth, {
      writes: [write],
      swapCommit: cidOption(input.swapCommit),
    })
    return { ...writeView(did, result), validationStatus }
  },
})
