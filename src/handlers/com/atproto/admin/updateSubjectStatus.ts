import { InvalidRequestError } from '@atproto/xrpc-server'
import { define } from '#lex/com/atproto/admin/updateSubjectStatus'
import { moderatorOf } from '#src/server/auth/moderator.ts'
import { adminOrModerator } from '#src/server/auth/policy.ts'
import { blobSubject, recordSubject } from '#src/services/moderation/subjects.ts'
import type { ModerationSubject } from '#src/storage/moderation.ts'
import type { InputSchema } from '#types/com/atproto/admin/updateSubjectStatus'

/**
 * Takes accounts, records and blobs down, switches accounts off, and gives them back. Where neither is asked for, the
 * network is told the status of the account once more.
 */
export default define({
  auth: adminOrModerator,
  async handler({ input, auth, services }) {
    const { takedown, deactivated } = input
    const activates = deactivated?.applied === false
    if (activates && takedown?.applied) {
      throw new InvalidRequestError('Cannot activate and takedown an account at the same time')
    }
    const subject = subjectOf(input.subject)
    const note = { by: moderatorOf(auth) }
    if (takedown) {
      const ref = takedown.applied ? (takedown.ref ?? new Date().toISOString()) : null
      await services.moderation.setTakedown(subject, ref, note)
    }
    if (subject.kind === 'account') {
      const account = await services.accounts.find(subject.did)
      if (!account) throw new InvalidRequestError('Repo not found', 'NotFound')
      const { did } = account
      const { lifecycle } = services.account(did)
      if (deactivated?.applied) await lifecycle.deactivate(null, note)
      if (activates) {
        await services.accounts.assertIdentity(did)
        await lifecycle.activate(note)
      }
      if (!takedown && !deactivated) await lifecycle.announceStatus()
    }
    return { subject: input.subject, takedown }
  },
})

function subjectOf(subject: InputSchema['subject']): ModerationSubject {
  if (subject.$type === 'com.atproto.admin.defs#repoRef' && 'did' in subject) {
    return { kind: 'account', did: subject.did }
  }
  if (subject.$type === 'com.atproto.repo.strongRef' && 'uri' in subject) {
    return recordSubject(subject.uri)
  }
  if (
    subject.$type === 'com.atproto.admin.defs#repoBlobRef' &&
    'cid' in subject &&
    'did' in subject
  ) {
    return blobSubject(subject.did, subject.cid)
  }
  throw new InvalidRequestError(`Invalid subject (${subject.$type})`)
}
