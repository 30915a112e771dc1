import { define, errors } from '#lex/com/atproto/repo/getRecord'
import { askForRecord } from '#src/proxy/foreign-record.ts'
import { anyone } from '#src/server/auth/policy.ts'
import { jsonText } from '#src/server/xrpc/answer.ts'
import { unwrap } from '#src/services/objects/result.ts'
import { recordJson } from '#src/services/records/read.ts'

/** Records of this host. Those of other repositories are the AppView's to give. */
export default define({
  auth: anyone,
  async handler({ params, request, app }) {
    const { repo, collection, rkey, cid } = params
    const resident = await app.findResident(repo)
    if (!resident) {
      const answer = await askForRecord(new URL(request.url).search, request.headers, app)
      if (answer) return answer
      throw errors.RecordNotFound(`Could not locate record: ${repo} is not on this host`)
    }
    const { did } = resident
    const stored = unwrap(await app.account(did).getRecord(collection, rkey, cid))
    return jsonText(recordJson(did, collection, stored))
  },
})
