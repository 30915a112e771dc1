import { define, errors } from '#lex/com/atproto/repo/getRecord'
import { anyone } from '#src/auth/policy.ts'
import { getRecord } from '#src/records/read.ts'

/** Records of this host. Records of other repositories are the AppView's to give. */
export default define({
  auth: anyone,
  async handler({ params, app }) {
    const { repo, collection, rkey, cid } = params
    const resident = await app.findResident(repo)
    if (!resident)
      throw errors.RecordNotFound(`Could not locate record: ${repo} is not on this host`)
    return getRecord(app, resident.did, collection, rkey, cid)
  },
})
