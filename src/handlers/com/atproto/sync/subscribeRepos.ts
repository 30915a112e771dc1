import { define } from '#lex/com/atproto/sync/subscribeRepos'
import { anyone } from '#src/server/auth/policy.ts'
import { connectToSequencer } from '#src/server/streams/connect.ts'

export default define({
  auth: anyone,
  handler: (context) => connectToSequencer(context, context.params.cursor),
})
