import { InvalidRequestError } from '@atproto/xrpc-server'
import { define } from '#lex/com/atproto/admin/getSubjectStatus'
import { adminOrModerator } from '#src/server/auth/policy.ts'
import type { SubjectState } from '#src/services/moderation/states.ts'
import { blobSubject, recordSubject } from '#src/services/moderation/subjects.ts'
import type { ModerationSubject } from '#src/storage/moderation.ts'

/** Whether an account, a record or a blob is taken down, and an account deactivated. */
export default define({
  auth: adminOrModerator,
  async handler({ params, services }) {
    const state = await services.moderation.state(subjectOf(params))
    if (!state) throw new InvalidRequestError('Subject not found', 'NotFound')
    const ref = state.takedown
    return {
      subject: subjectView(state),
      takedown: { applied: ref !== null, ...(ref !== null && { ref }) },
      ...(state.kind === 'account' && { deactivated: { applied: state.deactivated } }),
    }
  },
})

function subjectOf(params: { did?: string; uri?: string; blob?: string }): ModerationSubject {
  const { did, uri, blob } = params
  if (blob !== undefined) {
    if (did === undefined) {
      throw new InvalidRequestError('Must provide a did to request blob state')
    }
    return blobSubject(did, blob)
  }
  if (uri !== undefined) return recordSubject(uri)
  if (did !== undefined) return { kind: 'account', did }
  throw new InvalidRequestError('No provided subject')
}

function subjectView(state: SubjectState) {
  const { did } = state.account
  if (state.kind === 'account') return { $type: 'com.atproto.admin.defs#repoRef' as const, did }
  const { cid } = state
  return state.kind === 'record'
    ? { $type: 'com.atproto.repo.strongRef' as const, uri: state.uri, cid }
    : { $type: 'com.atproto.admin.defs#repoBlobRef' as const, did, cid }
}
