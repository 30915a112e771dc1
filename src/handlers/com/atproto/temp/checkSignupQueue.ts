import { define } from '#lex/com/atproto/temp/checkSignupQueue'
import { sessionEvenQueued } from '#src/server/auth/policy.ts'

/** Whether the account waits for the operator's approval, and how many wait before it. Nobody knows for how long. */
export default define({
  auth: sessionEvenQueued,
  oauth: 'never',
  async handler({ auth, services }) {
    const { awaitsApproval } = await services.account(auth.did).profile.get()
    if (!awaitsApproval) return { activated: true }
    const placeInQueue = await services.directory.signUps.place(auth.did)
    return { activated: false, ...(placeInQueue !== undefined && { placeInQueue }) }
  },
})
