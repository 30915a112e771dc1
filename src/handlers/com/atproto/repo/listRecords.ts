import { define } from '#lex/com/atproto/repo/listRecords'
import { anyone } from '#src/auth/policy.ts'
import { unwrap } from '#src/durable/outcome.ts'
import { recordJson } from '#src/records/read.ts'
import { unpackRecords } from '#src/storage/account/packed.ts'
import { jsonText } from '#src/xrpc/answer.ts'

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
