/** What has come of a move, for whoever moved. */
import { many } from './move.ts'
import type { MoveState } from './state.ts'

export interface Summary {
  did: string
  handle: string
  from: string
  to: string
  records: number
  blobs: number
  lostBlobs: { cid: string; path: string; reason: string }[]
  /** What is left to do, in sentences. */
  left: string[]
}

export function summaryOf(state: MoveState): Summary {
  const lostBlobs = Object.entries(state.lostBlobs).map(([cid, lost]) => ({ cid, ...lost }))
  const { records = 0, blobs = 0 } = state.repository ?? {}
  const { did, handle, source, target } = state
  return {
    did,
    handle,
    from: source,
    to: target,
    records,
    blobs: blobs - lostBlobs.length,
    lostBlobs,
    left: leftToDo(state, lostBlobs.length),
  }
}

function leftToDo(state: MoveState, lost: number): string[] {
  const { source, target, offline, did } = state
  return [
    `Sign in to your apps again, at ${target}. App passwords, passkeys and authenticator apps do not move: make new ones.`,
    ...(lost > 0
      ? [
          `${many(lost, 'blob')} did not come along: upload what you have of them again, by com.atproto.repo.uploadBlob.`,
        ]
      : []),
    ...(state.lostRecords?.length
      ? [`Written at ${source} at the last moment, and not here: ${state.lostRecords.join(', ')}`]
      : []),
    ...(did.startsWith('did:web:') ? ['Keep the document of your did:web where it is now.'] : []),
    ...(offline
      ? []
      : [
          `The account at ${source} is switched off, and not deleted. Delete it there when you miss nothing.`,
        ]),
  ]
}
