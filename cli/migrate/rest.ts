/** Preferences, the comparison of everything, and the end of a move. */
import { isPreference } from '../../src/services/move-in/is-preference.ts'
import { verifyCar } from './car-file.ts'
import { MoveError, RemoteError } from './errors.ts'
import { identityOf } from './identity.ts'
import { type Move, many, type Step } from './move.ts'
import { PAGE, pagesOf } from './pages.ts'
import { CAR, compareRecords, headAt, repositoryOf } from './repository.ts'
import type { Session } from './session.ts'

const PREFERENCES = 'app.bsky.actor'

export const copyPreferences: Step = {
  name: 'preferences',
  title: 'Copying the preferences',
  async run({ oldSession, hereSession, report }) {
    let given: unknown
    try {
      given = (await oldSession.get<{ preferences?: unknown }>(`${PREFERENCES}.getPreferences`))
        .preferences
    } catch (error) {
      if (!(error instanceof RemoteError) || error.isPassing) throw error
      report.note(`The old host keeps no preferences: ${error.message}`)
      return
    }
    if (!Array.isArray(given)) {
      report.note('The old host gives no list of preferences: they are as for a new account')
      return
    }
    // A host keeps those of Bluesky's app only, and refuses all for one of another.
    const preferences = given.filter(isPreference)
    const others = given.length - preferences.length
    if (others > 0) report.note(`${many(others, 'preference')} of other apps stay behind`)
    await hereSession.post(`${PREFERENCES}.putPreferences`, { preferences })
  },
}

interface AccountStatus {
  activated: boolean
  validDid: boolean
  indexedRecords: number
  expectedBlobs: number
  importedBlobs: number
}

export const statusOf = (session: Session): Promise<AccountStatus> =>
  session.get<AccountStatus>('com.atproto.server.checkAccountStatus')

/** Compares every record and every blob; nothing is switched before that. */
export const compare: Step = {
  name: 'compare',
  title: 'Comparing what has arrived',
  async run(move) {
    const { state, report, hereSession } = move
    if (await hasChanged(move)) return 'download'
    const { records } = await compareRecords(move)
    const { blobs } = await verifyCar(move.folder.file(CAR), 'the old host', {
      did: state.did,
      keys: state.oldSigningKey ? [state.oldSigningKey] : [],
    })
    const here = await blobsAt(hereSession, state.did)
    const absent = [...blobs.keys()].filter((cid) => !(here.has(cid) || cid in state.lostBlobs))
    if (absent.length > 0) {
      throw new MoveError(
        `The new host does not list ${absent.length} blobs that the records show, such as ${absent[0]}. Nothing was switched: run the same command again.`,
      )
    }
    const status = await statusOf(hereSession)
    if (status.indexedRecords !== records) {
      throw new MoveError(
        `The new host counts ${status.indexedRecords} records of ${records}. Nothing was switched.`,
      )
    }
    const lost = Object.keys(state.lostBlobs).length
    report.note(
      `${records} records and ${blobs.size - lost} blobs are the same as at the old host${lost > 0 ? `; ${lost} blobs are missing, as agreed` : ''}`,
    )
  },
}

/** Whether something was written at the old host since its repository was fetched. */
export async function hasChanged(move: Move): Promise<boolean> {
  const { state, oldSession, report } = move
  if (state.offline) return false
  const { cid } = await headAt(oldSession, state.did)
  if (cid === repositoryOf(move).commit) return false
  report.note('Something was written at the old host meanwhile: the repository is fetched again')
  return true
}

async function blobsAt(session: Session, did: string): Promise<Set<string>> {
  const found = new Set<string>()
  const method = 'com.atproto.sync.listBlobs'
  const ask = (cursor: string | undefined) =>
    session.get<{ cids: string[]; cursor?: string }>(method, { did, limit: PAGE, cursor })
  for await (const cids of pagesOf('The new host', ask, (page) => page.cids)) {
    for (const cid of cids) found.add(cid)
  }
  return found
}

export const activate: Step = {
  name: 'activate',
  title: 'Switching the account on here',
  async run({ hereSession }) {
    await hereSession.post('com.atproto.server.activateAccount')
    const { activated, validDid } = await statusOf(hereSession)
    if (!activated) throw new MoveError('The new host has not switched the account on')
    if (!validDid) throw new MoveError('The new host finds the identity wrong')
  },
}

/** Until here the old host has everything, and answers for it. */
export const deactivate: Step = {
  name: 'deactivate',
  title: 'Switching the account off at the old host',
  async run(move) {
    const { state, network, here, oldSession } = move
    const { host } = await identityOf(state.did, network)
    const status = await here.get<{ active: boolean }>('com.atproto.sync.getRepoStatus', {
      did: state.did,
    })
    if (host === state.source || !status.active) {
      throw new MoveError('The account does not live here yet: it is left on at the old host')
    }
    await oldSession.post('com.atproto.server.deactivateAccount', {})
  },
}
