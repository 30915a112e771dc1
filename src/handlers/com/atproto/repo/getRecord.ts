import { InvalidRequestError } from '@atproto/xrpc-server'
import { define, errors } from '#lex/com/atproto/repo/getRecord'
import { accountTag } from '#src/kernel/entity-tag.ts'
import { fetchRemoteRecord } from '#src/proxy/foreign-record.ts'
import { anyone } from '#src/server/auth/policy.ts'
import { JsonText } from '#src/server/xrpc/json-text.ts'
import { assertCollection } from '#src/services/records/collection.ts'

/** Records of this host. Those of other repositories are the AppView's to give. */
export default define({
  auth: anyone,
  async handler({ params, request, services }) {
    const { repo, collection, rkey, cid } = params
    assertCollection(collection)
    const account = await services.accounts.find(repo)
    if (!account) {
      const answer = await fetchRemoteRecord(new URL(request.url).search, request.headers, services)
      if (answer) return answer
      throw errors.RecordNotFound(`Could not locate record: ${repo} is not on this host`)
    }
    const { did } = account
    const record = await services.repositories.recordJson(did, collection, rkey, cid)
    if (record.json !== undefined) {
      return new JsonText(record.json, accountTag(repo, did, record.cid))
    }
    throw new InvalidRequestError(
      'This record was imported and has no JSON form: com.atproto.sync.getRecord gives its bytes',
    )
  },
})
