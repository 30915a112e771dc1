import { define } from '#lex/com/atproto/repo/listRecords'
import { anyone } from '#src/server/auth/policy.ts'
import { jsonText } from '#src/server/xrpc/answer.ts'
import { unwrap } from '#src/services/objects/result.ts'
import { recordJson } from '#src/services/records/read.ts'
import { unpackRecords } from '#src/storage/account/packed.ts'

export default define({
  auth: anyone,
  async handler({ params, app }) {
    const { repo, collection, limit, cursor, reverse } = params
    const { did } = await app.getResident(repo)
    const options = { collection, limit, cursor, reverse }
    const page = unpackRecords(unwrap(await app.account(did).listRecords(options)))
    const last = page.at(-1)
    const next = last && page.length === limit ? `,"cursor":"${last.rkey}"` : ''
    const records = page.map((stored) => recordJson(did, collection, stored))
    return jsonText(`{"records":[${records.join(',')}]${next}}`)
  },
})
