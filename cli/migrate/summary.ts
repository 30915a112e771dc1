/** What has come of a move, for whoever moved. */
import { isLoopback } from '../../src/kernel/loopback.ts'
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

/** Beside its own machine, a host is reached by the name in its DID. */
function publicAddress({ target, targetDid }: Pick<MoveState, 'target' | 'targetDid'>): string {
  const [, name] = /^did:web:([\w.-]+)$/.exec(targetDid) ?? []
  const isHere = isLoopback(new URL(target).hostname)
  return isHere && name !== undefined && !isLoopback(name) ? `https://${name}` : target
}

function leftToDo(state: MoveState, lost: number): string[] {
  const { source, offline, did } = state
  return [
    `Sign in to your apps again, at ${publicAddress(state)}. App passwords, passkeys and authenticator apps do not move: make new ones.`,
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
