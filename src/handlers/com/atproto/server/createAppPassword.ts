import { define } from '#lex/com/atproto/server/createAppPassword'
import { fullSession } from '#src/server/auth/policy.ts'

/** Makes up a password for one app; it is shown this once. */
export default define({
  auth: fullSession,
  async handler({ input, auth, services }) {
    const { did } = auth
    const made = await services.accounts.addAppPassword(did, input.name, input.privileged ?? false)
    services.mail.tell(did, { kind: 'app password added', name: made.name })
    return made
  },
})
