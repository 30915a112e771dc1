import { define } from '#lex/com/atproto/repo/listRecords'
import { anyone } from '#src/auth/policy.ts'
import { listRecords } from '#src/records/read.ts'

export default define({
  auth: anyone,
  async handler({ params, app }) {
    const { repo, collection, limit, cursor, reverse } = params
    const { did } = await app.getResident(repo)
    const records = await listRecords(app, did, { collection, limit, cursor, reverse })
    const last = records.at(-1)
    const more = last && records.length === limit
    return { records, ...(more && { cursor: last.uri.slice(last.uri.lastIndexOf('/') + 1) }) }
  },
})
