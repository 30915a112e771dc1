import { define } from '#lex/com/atproto/sync/getLatestCommit'
import { seesAll } from '#src/server/auth/may-read-private.ts'
import { viewer } from '#src/server/auth/policy.ts'
import { unwrap } from '#src/services/objects/result.ts'

export default define({
  auth: viewer,
  async handler({ params, auth, app }) {
    const { did } = await app.getResident(params.did)
    return unwrap(await app.account(did).latestCommit(seesAll(auth, did)))
  },
})
