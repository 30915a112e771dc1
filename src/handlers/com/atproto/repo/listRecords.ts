import { define } from '#lex/com/atproto/repo/listRecords'
import { accountTag, knownStates } from '#src/kernel/entity-tag.ts'
import { anyone } from '#src/server/auth/policy.ts'
import { JsonText, NotModified } from '#src/server/xrpc/json-text.ts'
import { assertCollection } from '#src/services/records/collection.ts'

export default define({
  auth: anyone,
  async handler({ params, ifNoneMatch, services }) {
    const { repo, collection, limit, cursor, reverse } = params
    assertCollection(collection)
    const { did } = await services.accounts.get(repo)
    const options = { collection, limit, cursor, reverse }
    const known = ifNoneMatch === undefined ? undefined : knownStates(ifNoneMatch, repo, did)
    const { state, json } = await services.repositories.pageJson(did, options, known)
    const etag = accountTag(repo, did, state)
    return json === undefined ? new NotModified(etag) : new JsonText(json, etag)
  },
})
