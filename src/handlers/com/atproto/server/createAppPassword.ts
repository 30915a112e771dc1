import { define } from '#lex/com/atproto/server/createAppPassword'
import { appPasswordLimits } from '#src/context/limits/policy.ts'
import { fullSession } from '#src/server/auth/policy.ts'

/** Makes up a password for one app; it is shown this once. */
export default define({
  auth: fullSession,
  limits: appPasswordLimits,
  async handler({ input, auth, services }) {
    const { did, session } = auth
    const { name, privileged = false } = input
    const made = await services.accounts.addAppPassword(did, { name, privileged }, { session })
    services.mail.tell(did, { kind: 'app password added', name: made.name })
    return made
  },
})
