import { InvalidRequestError } from '@atproto/xrpc-server'
import { define } from '#lex/com/atproto/admin/updateSubjectStatus'
import { adminOrModerator } from '#src/server/auth/policy.ts'

/** Takes accounts down, or switches them off, and gives them back. */
export default define({
  auth: adminOrModerator,
  async handler({ input, services }) {
    const { subject, takedown, deactivated } = input
    if (subject.$type !== 'com.atproto.admin.defs#repoRef' || !('did' in subject)) {
      throw new InvalidRequestError('This host takes down whole accounts only')
    }
    const { did } = await services.accounts.get(subject.did)
    const activates = deactivated?.applied === false
    if (activates && takedown?.applied) {
      throw new InvalidRequestError('Cannot activate and takedown an account at the same time')
    }
    if (takedown) {
      const note = takedown.ref ?? new Date().toISOString()
      await services.operator.setTakedown(did, takedown.applied ? note : null)
    }
    if (deactivated?.applied) await services.operator.deactivate(did)
    if (activates) await services.operator.activate(did)
    return { subject, takedown }
  },
})
