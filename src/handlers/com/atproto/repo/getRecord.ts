import { define, errors } from '#lex/com/atproto/repo/getRecord'
import { anyone } from '#src/auth/policy.ts'
import { unwrap } from '#src/durable/outcome.ts'
import { askForRecord } from '#src/proxy/foreign-record.ts'
import { recordJson } from '#src/records/read.ts'
import { jsonText } from '#src/xrpc/answer.ts'

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
