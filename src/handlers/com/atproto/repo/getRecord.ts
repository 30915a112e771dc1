import { InvalidRequestError } from '@atproto/xrpc-server'
import { define, errors } from '#lex/com/atproto/repo/getRecord'
import { cidString } from '#src/kernel/cbor/cid.ts'
import { accountTag } from '#src/kernel/entity-tag.ts'
import { fetchRemoteRecord } from '#src/proxy/foreign-record.ts'
import { anyone } from '#src/server/auth/policy.ts'
import { JsonText } from '#src/server/xrpc/json-text.ts'
import { assertCollection } from '#src/services/records/collection.ts'
import { recordJson } from '#src/services/records/json.ts'

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
    const stored = await services.account(did).repository.getRecord(collection, rkey, cid)
    const json = recordJson(did, collection, stored)
    if (json !== undefined) {
      return new JsonText(json, accountTag(repo, did, cidString(stored.cid)))
    }
    throw new InvalidRequestError(
      'This record was imported and has no JSON form: com.atproto.sync.getRecord gives its bytes',
    )
  },
})
