/** The identity: from here on the network looks for the account at the new host. */
import { setTimeout as wait } from 'node:timers/promises'
import { accountDocument } from '../../src/services/identity/documents.ts'
import {
  operationCid,
  type PlcOperation,
  type PlcState,
} from '../../src/services/identity/plc-operation.ts'
import { signedAsAsked } from '../../src/services/move-in/signed-operation.ts'
import { MoveError, RemoteError } from './errors.ts'
import {
  identityOf,
  plcOf,
  type RecommendedCredentials,
  recommendedBy,
  stateAt,
} from './identity.ts'
import type { Move, Step } from './move.ts'
import { hasChanged } from './rest.ts'

/** How often it is looked whether a did:web has been changed, ms: at first, and at last. */
const FIRST_LOOK = 1_000
const LAST_LOOK = 30_000
/** For how long a code that was mailed is waited for before another is, ms. */
const CODE_TIME = 10 * 60_000

export const switchIdentity: Step = {
  name: 'identity',
  title: 'Changing the identity',
  async run(move) {
    const { state, hereSession, save } = move
    const recommended = await hereSession.get<RecommendedCredentials>(recommendedBy)
    if (await isSwitched(move, recommended)) return undefined
    if (await hasChanged(move)) return 'download'
    if (!state.did.startsWith('did:plc:')) return waitForDocument(move, recommended)
    const wanted = await wantedState(move, recommended)
    if (state.operation && !(await isNext(move, state.operation))) delete state.operation
    if (!state.operation) {
      state.operation = await signedByOldHost(move, wanted)
      save()
    }
    // Between the signature and this, a mail may have taken its time.
    if (await hasChanged(move)) return 'download'
    await submit(move, state.operation, recommended)
    return undefined
  },
}

/** Whether the identity says already what the new host needs. */
export async function isSwitched(
  { state, network }: Move,
  { services, verificationMethods }: RecommendedCredentials,
): Promise<boolean> {
  const { host, signingKey } = await identityOf(state.did, network)
  const isThere = host === services?.atproto_pds?.endpoint
  return isThere && signingKey === verificationMethods?.atproto
}

export async function wantedState(
  { state, network, options }: Move,
  recommended: RecommendedCredentials,
): Promise<PlcState> {
  const now = await plcOf(network).documentData(state.did)
  const handle = recommended.alsoKnownAs?.[0]?.replace('at://', '') ?? state.handle
  const { recoveryKey } = options
  return stateAt(now, recommended, state.sourceRotationKeys ?? [], { recoveryKey, handle })
}

/** Whether a signed operation would be the next of its identity. */
async function isNext({ state, network }: Move, operation: PlcOperation): Promise<boolean> {
  const last = await plcOf(network).lastOp(state.did)
  return operation.prev === operationCid(last)
}

async function signedByOldHost(move: Move, wanted: PlcState): Promise<PlcOperation> {
  const { state, oldSession, answers, save, network } = move
  const given = answers.givenIdentityCode()
  const token = given ?? (await mailedCode(move))
  let signed: unknown
  try {
    const body = { token, ...wanted }
    const method = 'com.atproto.identity.signPlcOperation'
    signed = (await oldSession.ask<{ operation?: unknown }>(method, { body })).operation
  } catch (error) {
    if (!(error instanceof RemoteError)) throw error
    const isUsed = error.code === 'InvalidToken' || error.code === 'ExpiredToken'
    if (!isUsed && !error.isUnclear) throw error
    // A code is good once. Where the answer was lost, it may have been used up.
    delete state.plcCodeMailedAt
    save()
    const why = isUsed ? `The old host does not take this code: ${error.message}` : error.message
    throw new MoveError(
      `${why}. Nothing was switched. Run the same command again${given ? ' without --plc-code' : ''}: a new code is mailed.`,
    )
  }
  const operation = signedAsAsked(signed, wanted, await plcOf(network).lastOp(state.did))
  if (!operation) {
    delete state.plcCodeMailedAt
    throw new MoveError(
      'The old host has signed another change of the identity than it was asked for. Nothing was switched. It cannot be ' +
        'trusted; with a rotation key of your own, move with --offline.',
    )
  }
  return operation
}

/** Has a code mailed, unless that was done a moment ago, and asks for it. */
async function mailedCode({ state, oldSession, answers, save }: Move): Promise<string> {
  if (Date.now() - Date.parse(state.plcCodeMailedAt ?? '1970') > CODE_TIME) {
    await oldSession
      .post('com.atproto.identity.requestPlcOperationSignature')
      .catch((error: unknown) => {
        if (!(error instanceof RemoteError) || error.status !== 400) throw error
        throw new MoveError(
          `The old host mails no code for the change of the identity: ${error.message}. Ask its operator for one (at a Cumulus: ` +
            `cumulus migrate-token, or yourself at /settings/data), and run the same command again with --plc-code and that code. Everything so far is kept.`,
        )
      })
    state.plcCodeMailedAt = new Date().toISOString()
    save()
  }
  return answers.mailedIdentityCode(state.email)
}

/** Hands the operation over by the new host, which checks it; where that is not known, the directory says. */
export async function submit(
  move: Move,
  operation: PlcOperation,
  recommended: RecommendedCredentials,
): Promise<void> {
  const { here, hereSession } = move
  await here.again(async () => {
    if (await isSwitched(move, recommended)) return
    await hereSession.ask('com.atproto.identity.submitPlcOperation', { body: { operation } })
  })
  if (!(await isSwitched(move, recommended))) {
    throw new MoveError(
      'The new host took the change of the identity, but the directory has it not',
    )
  }
}

/** Of a did:web its owner publishes the document. */
async function waitForDocument(
  move: Move,
  recommended: RecommendedCredentials,
): Promise<undefined> {
  const { state, options, report, signal } = move
  const { did } = state
  const key = recommended.verificationMethods?.atproto
  const endpoint = recommended.services?.atproto_pds?.endpoint
  if (!key || !endpoint) {
    throw new MoveError('The new host does not say what the document of the identity has to name')
  }
  const host = decodeURIComponent(did.slice('did:web:'.length))
  const account = { did, handle: state.handle }
  const document = accountDocument({ account, signingKey: key }, endpoint)
  const text =
    `Publish this at https://${host}/.well-known/did.json (keep what else is in it):\n` +
    `${JSON.stringify(document, null, 2)}`
  report.note(text)
  const end = Date.now() + options.waitForDocument
  for (let pause = FIRST_LOOK; Date.now() < end; pause *= 1.2) {
    const next = Math.min(pause, LAST_LOOK, end - Date.now())
    await wait(Math.max(0, next), undefined, { signal })
    if (await isSwitched(move, recommended)) return undefined
  }
  throw new MoveError(
    `${did} does not lead to the new host yet. Publish the document that is shown above, then run the same command again.`,
  )
}
