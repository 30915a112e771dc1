import { define } from '#lex/com/atproto/repo/listRecords'
import { accountTag, knownStates } from '#src/kernel/entity-tag.ts'
import { anyone } from '#src/server/auth/policy.ts'
import { JsonText, NotModified } from '#src/server/xrpc/json-text.ts'
import { assertCollection } from '#src/services/records/collection.ts'
import { recordJson } from '#src/services/records/json.ts'
import { unpackRecords } from '#src/storage/account/packed.ts'

/** Characters of JSON in one answer: a value of a byte may be a dozen of them. */
const MAX_LENGTH = 8 * 1024 * 1024

export default define({
  auth: anyone,
  async handler({ params, ifNoneMatch, services }) {
    const { repo, collection, limit, cursor, reverse } = params
    assertCollection(collection)
    const { did } = await services.accounts.get(repo)
    const options = { collection, limit, cursor, reverse }
    const known = ifNoneMatch === undefined ? undefined : knownStates(ifNoneMatch, repo, did)
    const { state, page } = await services.repositories.listStored(did, options, known)
    const etag = accountTag(repo, did, state)
    if (!page) return new NotModified(etag)
    const { records } = unpackRecords(page)
    const texts: string[] = []
    let length = 0
    let last: string | undefined
    for (const stored of records) {
      // Those that have no JSON form are left out.
      const json = recordJson(did, collection, stored)
      length += json?.length ?? 0
      if (length > MAX_LENGTH && last !== undefined) break
      if (json !== undefined) texts.push(json)
      last = stored.rkey
    }
    // Also on the last page, as the reference does: records may come to be behind it.
    const next = last === undefined ? '' : `,"cursor":"${last}"`
    return new JsonText(`{"records":[${texts.join(',')}]${next}}`, etag)
  },
})
