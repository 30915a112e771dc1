import { cidString } from '../../kernel/cbor/cid.ts'
import type { WriteResult } from '../../storage/account/repo.ts'

/** What createRecord and putRecord tell of the one record that was written. */
export function writeView(did: string, { results, commit }: WriteResult) {
  const { path, cid } = results[0] ?? {}
  if (path === undefined || cid === undefined) throw new EmptyWriteError()
  return { uri: `at://${did}/${path}`, cid: cidString(cid), ...commitView(commit) }
}

/** The commit that a write made, where it made one. */
export const commitView = (commit: WriteResult['commit']) =>
  commit ? { commit: { cid: cidString(commit.cid), rev: commit.rev } } : {}

/** A write of one record came back without it; would be a bug in the storage layer. */
export class EmptyWriteError extends Error {
  override name = 'EmptyWriteError'
}
