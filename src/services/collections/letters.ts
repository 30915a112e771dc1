/** Writes that hooks were not told of, as operators see them. */
import type { HookLetter } from '../../storage/index/letters.ts'

export interface LetterView {
  id: number
  uri: string
  action: 'create' | 'update' | 'delete'
  rev: string
  attempts: number
  error: string
  /** ms since the epoch. */
  failedAt: number
}

/** Without the record: what is in it is the hook's business. */
export const viewLetter = ({
  id,
  did,
  collection,
  rkey,
  action,
  rev,
  attempts,
  error,
  failedAt,
}: HookLetter): LetterView => ({
  ...{ id, action, rev, attempts, error, failedAt },
  uri: `at://${did}/${collection}/${rkey}`,
})
