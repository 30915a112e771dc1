import { InvalidRequestError } from '@atproto/xrpc-server'
import { define } from '#lex/com/atproto/admin/updateSubjectStatus'
import { adminOrModerator } from '#src/server/auth/policy.ts'
import { unwrap } from '#src/services/objects/result.ts'

/** Takes accounts down, or switches them off, and gives them back. */
export default define({
  auth: adminOrModerator,
  async handler({ input, app }) {
    const { subject, takedown, deactivated } = input
    if (subject.$type !== 'com.atproto.admin.defs#repoRef' || !('did' in subject)) {
      throw new InvalidRequestError('This host takes down whole accounts only')
    }
    const { did } = await app.getResident(subject.did)
    const account = app.account(did)
    if (takedown) {
      const note = takedown.ref ?? new Date().toISOString()
      unwrap(await account.setTakedown(takedown.applied ? note : null))
    }
    if (deactivated) {
      unwrap(await (deactivated.applied ? account.deactivate(null) : account.activate()))
    }
    return { subject, takedown }
  },
})
