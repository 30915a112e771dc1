import { define } from '#lex/com/atproto/repo/listRecords'
import { anyone } from '#src/server/auth/policy.ts'
import { jsonAnswer } from '#src/server/compress.ts'
import { assertCollection } from '#src/services/records/collection.ts'
import { recordJson } from '#src/services/records/json.ts'

export default define({
  auth: anyone,
  async handler({ params, services }) {
    const { repo, collection, limit, cursor, reverse } = params
    assertCollection(collection)
    const { did } = await services.accounts.get(repo)
    const options = { collection, limit, cursor, reverse }
    const page = await services.repositories.listStored(did, options)
    const last = page.records.at(-1)
    // Also on the last page, as the reference does: records may come to be behind it.
    const next = last ? `,"cursor":"${last.rkey}"` : ''
    // Those that have no JSON form are left out.
    const records = page.records
      .map((stored) => recordJson(did, collection, stored))
      .filter((json) => json !== undefined)
    return jsonAnswer(`{"records":[${records.join(',')}]${next}}`)
  },
})
