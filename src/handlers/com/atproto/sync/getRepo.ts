import { define } from '#lex/com/atproto/sync/getRepo'
import { anyone } from '#src/auth/policy.ts'
import { unwrap } from '#src/durable/outcome.ts'

export default define({
  auth: anyone,
  async handler({ params, app }) {
    const { did } = await app.getResident(params.did)
    const car = unwrap(await app.account(did).exportRepo(params.since))
    return new Response(car, { headers: { 'content-type': 'application/vnd.ipld.car' } })
  },
})
