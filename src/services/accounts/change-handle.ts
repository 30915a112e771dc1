/** Gives accounts another handle. */
import type { App } from '../../app.ts'
import { handleUri, withHandle } from '../identity/plc-operation.ts'
import { unwrap } from '../objects/result.ts'
import { checkHandle } from './handle-rules.ts'

/**
 * Changes the handle in the directory, where it is taken at once; in the PLC directory, for a did:plc; and
 * in the account, which tells the network. When the PLC directory refuses, the old handle comes back. When the
 * process dies in between, the same request made again completes the change.
 *
 * @throws InvalidRequestError as `checkHandle`; `HandleNotAvailable`; PlcError
 */
export async function changeHandle(
  app: App,
  did: string,
  input: string,
  { byOperator = false } = {},
): Promise<void> {
  const handle = await checkHandle(app, input, { did, byOperator })
  const before = await app.getResident(did)
  unwrap(await app.directory.setHandle(did, handle))
  if (did.startsWith('did:plc:')) {
    await claimHandle(app, did, handle).catch(async (error: unknown) => {
      await app.directory.setHandle(did, before.handle)
      throw error
    })
  }
  unwrap(await app.account(did).setHandle(handle))
  for (const name of [did, before.handle, handle]) app.forget(name)
}

/** Puts the handle first in the identity, unless it is there. */
async function claimHandle(app: App, did: string, handle: string): Promise<void> {
  const { alsoKnownAs } = await app.plc.documentData(did)
  if (alsoKnownAs.find((alias) => alias.startsWith('at://')) === handleUri(handle)) return
  await app.plc.update(did, (state) => ({
    ...state,
    alsoKnownAs: withHandle(state.alsoKnownAs, handle),
  }))
}
