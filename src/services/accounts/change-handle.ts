/** Gives accounts another handle. */

import { PlcError } from '../identity/plc.ts'
import { handleUri, withHandle } from '../identity/plc-operation.ts'
import type { AccountDependencies } from './dependencies.ts'
import { checkHandle } from './handle-rules.ts'

/**
 * Changes the handle in the directory, where it is taken at once; in the PLC directory, for a did:plc; and
 * in the account, which tells the network. When the PLC directory refuses, the old handle comes back. When it gives
 * no answer, or the process dies in between, a background job of the account asks it what came of the change; the
 * directory keeps both handles until then.
 *
 * @returns names of which caches are out of date now
 * @throws InvalidRequestError as `checkHandle`; `HandleNotAvailable`; PlcError
 */
export async function changeHandle(
  dependencies: AccountDependencies,
  did: string,
  input: string,
  { byOperator = false } = {},
): Promise<string[]> {
  const handle = await checkHandle(dependencies, input, { did, byOperator })
  const before = await dependencies.lookup.get(did)
  const { directory } = dependencies.objects
  const { profile } = dependencies.objects.account(did)
  if (!byOperator) await profile.assertMayPublish()
  if (did.startsWith('did:plc:')) {
    await profile.beginHandleChange()
    try {
      await directory.accounts.setHandle(did, handle, { byOperator })
      await claimHandle(dependencies, did, handle)
    } catch (error) {
      if (error instanceof PlcError && error.isUnclear) throw error
      await directory.accounts.setHandle(did, before.handle, { undoing: handle })
      throw error
    }
  } else await directory.accounts.setHandle(did, handle, { byOperator })
  await profile.setHandle(handle)
  return [did, before.handle, handle]
}

/** Puts the handle first in the identity, unless it is there. */
async function claimHandle(
  dependencies: AccountDependencies,
  did: string,
  handle: string,
): Promise<void> {
  const { alsoKnownAs } = await dependencies.plc.documentData(did)
  if (alsoKnownAs.find((alias) => alias.startsWith('at://')) === handleUri(handle)) return
  await dependencies.plc.update(did, (state) => ({
    ...state,
    alsoKnownAs: withHandle(state.alsoKnownAs, handle),
  }))
}
