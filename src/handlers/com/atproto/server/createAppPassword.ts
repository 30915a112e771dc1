import { define } from '#lex/com/atproto/server/createAppPassword'
import { fullSession } from '#src/server/auth/policy.ts'

/** Makes up a password for one app; it is shown this once. */
export default define({
  auth: fullSession,
  async handler({ input, auth, services }) {
    const { did, session } = auth
    const { name, privileged = false } = input
    const made = await services.accounts.addAppPassword(did, { name, privileged }, { session })
    services.mail.tell(did, { kind: 'app password added', name: made.name })
    return made
  },
})
