/** The repository: fetched into a file, verified, imported, and compared. */
import { openAsBlob, rmSync } from 'node:fs'
import { dataOfCommit } from '../../src/services/move-in/commit-data.ts'
import { MOST_OF_REPOSITORY, saveStream, type VerifiedCar, verifyCar } from './car-file.ts'
import { MoveError, RemoteError } from './errors.ts'
import { identityOf, type RecommendedCredentials, recommendedBy } from './identity.ts'
import type { Move, Step } from './move.ts'
import { DESCRIBE, type HostDescription, tooLarge } from './preflight.ts'
import type { Session } from './session.ts'

export const CAR = 'repository.car'
const ARRIVED = 'arrived.car'
const CAR_TYPE = 'application/vnd.ipld.car'
/** A host may work for a while on an import that it has received, ms. */
const IMPORT_TIME = 10 * 60_000

interface Head {
  cid: string
  rev: string
}

/** Fetches the repository from the old host, unless the file of it is the newest that there is. */
export const download: Step = {
  name: 'download',
  title: 'Fetching the repository from the old host',
  async run(move) {
    const { state, folder, old, oldSession, report } = move
    const { did } = state
    const path = folder.file(CAR)
    const keys = oldKeyOf(move)
    const verified = await old.again(async () => {
      rmSync(path, { force: true })
      const { bytes } = await oldSession.open('com.atproto.sync.getRepo', { params: { did } })
      await saveStream(bytes, path, {
        most: MOST_OF_REPOSITORY,
        onBytes: (done) => report.progress({ done, unit: 'bytes' }),
      })
      try {
        return await verifyCar(path, 'the old host', { did, keys })
      } catch (error) {
        // It may have broken off without an error: a chunked answer that a proxy ended, say.
        if (!(error instanceof MoveError)) throw error
        throw new RemoteError(error.message, { cause: error })
      }
    })
    const { blobs, ...repository } = verified
    const { blobUploadLimit } = await move.here.get<HostDescription>(DESCRIBE)
    for (const line of tooLarge(blobs, blobUploadLimit).slice(0, 20)) report.note(line)
    state.repository = { ...repository, blobs: blobs.size }
    report.note(
      `${verified.records} records, ${blobs.size} blobs, ${verified.bytes} bytes: complete, and signed with the account's key`,
    )
  },
}

/** Imports the file here. An answer that never came is looked for in what the host holds. */
export const importRepository: Step = {
  name: 'repository',
  title: 'Importing the repository',
  async run(move) {
    const { state, here, hereSession, report, folder } = move
    const { data } = repositoryOf(move)
    await here.again(async () => {
      if ((await dataAt(hereSession, state.did)) === data) return
      const file = await openAsBlob(folder.file(CAR))
      const { size } = file
      try {
        const answer = await hereSession.ask<Unclean | undefined>('com.atproto.repo.importRepo', {
          stream: { bytes: counted(file.stream(), size, report.progress), type: CAR_TYPE, size },
          patienceForAnswer: IMPORT_TIME,
        })
        if (answer?.uncleanRecords) {
          report.note(
            `${answer.uncleanRecords} records break rules of today's data model; they were kept as they are`,
          )
        }
      } catch (error) {
        throw isBusy(error) ? new RemoteError(error.message, { status: 503 }) : error
      }
      const arrived = await dataAt(hereSession, state.did)
      if (arrived !== data) {
        throw new MoveError(
          `The new host says that the import succeeded, but has another repository (${arrived ?? 'none'} instead of ${data}). Nothing was switched; the old host still has everything.`,
        )
      }
    })
  },
}

interface Unclean {
  uncleanRecords?: number
}

/** The import of a connection that broke may not have ended yet. */
const isBusy = (error: unknown): error is RemoteError =>
  error instanceof RemoteError &&
  /import is running|being imported|written to meanwhile/.test(error.message)

/** CID of the tree of an account's repository, which stands for every path and CID in it. */
export async function dataAt(session: Session, did: string): Promise<string | undefined> {
  const { cid } = await headAt(session, did)
  const params = { did, cids: [cid] }
  return dataOfCommit(await session.getBytes('com.atproto.sync.getBlocks', { params }), cid)
}

export const headAt = (session: Session, did: string): Promise<Head> =>
  session.get<Head>('com.atproto.sync.getLatestCommit', { did })

export function repositoryOf({ state }: Pick<Move, 'state'>) {
  if (!state.repository) throw new MoveError('The repository has not been fetched yet')
  return state.repository
}

/** Fetches what has arrived here, and verifies it as a whole; what differs is named. */
export async function compareRecords(move: Move): Promise<VerifiedCar> {
  const { state, folder, here, hereSession, report } = move
  const { did } = state
  const path = folder.file(ARRIVED)
  const { verificationMethods } = await hereSession.get<RecommendedCredentials>(recommendedBy)
  const { signingKey } = await identityOf(did, move.network)
  // The last commit may still be the old host's: some hosts sign anew with the first write only.
  const keys = [verificationMethods?.atproto, signingKey, ...oldKeyOf(move)].filter(
    (key) => key !== undefined,
  )
  const arrived = await here.again(async () => {
    const { bytes } = await hereSession.open('com.atproto.sync.getRepo', { params: { did } })
    await saveStream(bytes, path, {
      most: MOST_OF_REPOSITORY,
      onBytes: (done) => report.progress({ done, unit: 'bytes' }),
    })
    return verifyCar(path, 'the new host', { did, keys })
  })
  const { data, records } = repositoryOf(move)
  if (arrived.data !== data) throw await difference(move, keys)
  if (arrived.records !== records) throw new TypeError('one tree has two numbers of records')
  rmSync(path, { force: true })
  return arrived
}

const oldKeyOf = ({ state }: Move): string[] => (state.oldSigningKey ? [state.oldSigningKey] : [])

/** Names the records that are not the same. */
async function difference(move: Move, keys: string[]): Promise<MoveError> {
  const { folder, state } = move
  const read = async (name: string, who: string) => {
    const records = new Map<string, string>()
    const onRecord = (path: string, cid: string) => void records.set(path, cid)
    await verifyCar(folder.file(name), who, { did: state.did, keys, onRecord })
    return records
  }
  const before = await read(CAR, 'the old host')
  const after = await read(ARRIVED, 'the new host')
  const differ = [...new Set([...before.keys(), ...after.keys()])].filter(
    (path) => before.get(path) !== after.get(path),
  )
  const named = differ.slice(0, 10).join(', ')
  return new MoveError(
    `${differ.length} records are not the same here as at the old host: ${named}${differ.length > 10 ? ', …' : ''}. Nothing was switched: run the same command again to import anew.`,
  )
}

function counted(
  stream: ReadableStream<Uint8Array>,
  total: number,
  progress: Move['report']['progress'],
): ReadableStream<Uint8Array> {
  let done = 0
  return stream.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(piece, controller) {
        done += piece.byteLength
        progress({ done, total, unit: 'bytes' })
        controller.enqueue(piece)
      },
    }),
  )
}
