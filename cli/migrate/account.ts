/** Being signed in at the old host, and an account at the new one, which waits there deactivated. */
import { MoveError, RemoteError } from './errors.ts'
import { plcOf, type RecommendedCredentials, recommendedBy, shown } from './identity.ts'
import type { Move, Step } from './move.ts'
import { DESCRIBE, type HostDescription } from './preflight.ts'
import type { SessionView } from './session.ts'

const CREATE = 'com.atproto.server.createAccount'

/** Finds out, as the owner, what only the owner is told. */
export const signIn: Step = {
  name: 'sign-in',
  title: 'Signing in at the old host',
  async run({ state, oldSession, report, network, options }) {
    const { did } = state
    const view = await oldSession.get<SessionView>('com.atproto.server.getSession')
    if (view.did !== did) {
      throw new MoveError(`The old host signed in ${shown(view.did)}, not ${did}`)
    }
    if (view.email) state.email ??= view.email
    if (!did.startsWith('did:plc:')) return
    if (!view.email) {
      report.note(
        'The old host has no e-mail address of yours, and can mail no code for the change of the identity: ' +
          'set one there, or ask its operator for a code (at a Cumulus: cumulus migrate-token).',
      )
    }
    const { rotationKeys: oldKeys = [] } =
      await oldSession.get<RecommendedCredentials>(recommendedBy)
    state.sourceRotationKeys = oldKeys
    const { rotationKeys } = await plcOf(network).documentData(did)
    const own = rotationKeys.filter((key) => !oldKeys.includes(key))
    for (const key of own) report.note(`Rotation key ${key} is none of the old host's: it is kept`)
    if (own.length === 0 && !options.recoveryKey) {
      report.note(
        'You have no rotation key of your own: if the new host is lost, so is the identity. --recovery-key adds one.',
      )
    }
  },
}

/** Makes the account here, or finds it. */
export const createAccount: Step = {
  name: 'account',
  title: 'Making the account at the new host',
  async run(move) {
    await move.here.again(async () => {
      if (!(await isHere(move))) await create(move)
    })
    await adopt(move)
  },
}

/** @param proof a service token of the account's for `createAccount` here */
export async function create(move: Move, proof?: string): Promise<void> {
  const { state, here, hereSession, answers, save } = move
  // No host takes an account of its own without one.
  if (!state.email) {
    state.email = await answers.email()
    save()
  }
  const { did, handle, email } = state
  const inviteCode = await inviteOf(move)
  const password = await answers.newPassword()
  const token = proof ?? (await serviceToken(move))
  try {
    const body = { did, handle, email, password, ...(inviteCode && { inviteCode }) }
    const made = await here.ask<{ did: string; accessJwt: string; refreshJwt: string }>(CREATE, {
      body,
      token,
    })
    hereSession.use(made)
  } catch (error) {
    if (!(error instanceof RemoteError)) throw error
    // It may have been made by a request before, whose answer was lost.
    if (!error.isUnclear && (await isHere(move))) return
    throw error
  }
}

async function serviceToken({ state, oldSession }: Move): Promise<string> {
  const params = { aud: state.targetDid, lxm: CREATE }
  const method = 'com.atproto.server.getServiceAuth'
  return (await oldSession.get<{ token: string }>(method, params)).token
}

/** An invite code that was given, or that the operator makes now. */
async function inviteOf(move: Move): Promise<string | undefined> {
  const { state, here, answers, save } = move
  if (state.inviteCode !== undefined) return state.inviteCode
  const { inviteCodeRequired } = await here.get<HostDescription>(DESCRIBE)
  if (!inviteCodeRequired) return undefined
  const code = answers.givenInviteCode() ?? (await codeOfOperator(move)) ?? answers.inviteCode()
  state.inviteCode = await code
  save()
  return state.inviteCode
}

async function codeOfOperator({ here, answers, report }: Move): Promise<string | undefined> {
  const authorization = answers.operator()
  if (authorization === undefined) return undefined
  try {
    const asked = { body: { useCount: 1 }, authorization }
    const method = 'com.atproto.server.createInviteCode'
    return (await here.again(() => here.ask<{ code: string }>(method, asked))).code
  } catch (error) {
    if (!(error instanceof RemoteError) || error.status !== 401) throw error
    report.note('The new host does not take this operator’s password')
    return undefined
  }
}

/** Whether the new host has an account of this DID, in whatever state. */
export async function isHere({ state, here }: Pick<Move, 'state' | 'here'>): Promise<boolean> {
  try {
    await here.get('com.atproto.sync.getRepoStatus', { did: state.did })
    return true
  } catch (error) {
    if (error instanceof RemoteError && error.status === 400) {
      return error.code === 'RepoDeactivated' || error.code === 'RepoTakendown'
    }
    throw error
  }
}

/** Signs in to the account that is here. */
export async function adopt({ state, hereSession, report }: Move): Promise<void> {
  const view = await hereSession
    .get<SessionView>('com.atproto.server.getSession')
    .catch((error: unknown) => {
      if (!(error instanceof MoveError)) throw error
      throw new MoveError(
        `An account of ${state.did} is at the new host already, and signing in to it failed: ${error.message}. Give its password, or have the operator delete it (cumulus account delete).`,
      )
    })
  if (view.handle !== state.handle) {
    report.note(`The account here is called ${shown(view.handle)}, and keeps that handle`)
    state.handle = view.handle
  }
}
