/** What moderators see of a subject. */
import type { RecordState } from '../../contracts/account/moderation.ts'
import type { BlobState } from '../../storage/account/blob-takedowns.ts'
import type { HostedAccount } from '../../storage/directory/accounts.ts'
import type { ModerationSubject } from '../../storage/moderation.ts'
import type { HostObjects } from '../objects/stubs.ts'

interface Account {
  did: string
  handle: string
}

/** The subject as it is now. `takedown` is the reference of the takedown, null where there is none. */
export type SubjectState =
  | {
      kind: 'account'
      account: Account
      takedown: string | null
      deactivated: boolean
    }
  | ({ kind: 'record'; account: Account; path: string; uri: string } & RecordState)
  | ({ kind: 'blob'; account: Account; cid: string } & BlobState)

/** @returns undefined: the account has no such record or blob */
export async function stateOf(
  objects: Pick<HostObjects, 'account'>,
  { did, handle }: Pick<HostedAccount, 'did' | 'handle'>,
  subject: ModerationSubject,
): Promise<SubjectState | undefined> {
  const account = { did, handle }
  const object = objects.account(did)
  if (subject.kind === 'account') {
    const { takedown, deactivated } = await object.profile.get()
    return { kind: 'account', account, takedown, deactivated }
  }
  if (subject.kind === 'record') {
    const { path } = subject
    const record = await object.moderation.record(path)
    return record && { kind: 'record', account, path, uri: `at://${did}/${path}`, ...record }
  }
  const { cid } = subject
  const blob = await object.moderation.blob(cid)
  return blob && { kind: 'blob', account, cid, ...blob }
}
