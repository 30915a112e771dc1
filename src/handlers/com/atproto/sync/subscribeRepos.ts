import { define } from '#lex/com/atproto/sync/subscribeRepos'
import { anyone } from '#src/server/auth/policy.ts'

export default define({
  auth: anyone,
  handler: ({ request, services }) => services.sequencer.fetch(request),
})
