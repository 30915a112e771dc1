import { define } from '#lex/com/atproto/server/deactivateAccount'
import { fullSessionEvenTakendown } from '#src/auth/policy.ts'
import { unwrap } from '#src/durable/outcome.ts'

/** Switches the account off. `deleteAfter` is noted; nothing is deleted without its owner asking. */
export default define({
  auth: fullSessionEvenTakendown,
  async handler({ input, auth, app }) {
    unwrap(await app.account(auth.did).deactivate(input.deleteAfter ?? null))
  },
})
