/**
 * A move whose old host is gone: from a CAR file, a folder of blobs and a rotation key. The key lets a key of this
 * program's own speak for the account, until it has arrived: with it the new host is shown, by standard methods, that
 * whoever asks owns the identity.
 */
import {
  closeSync,
  copyFileSync,
  createReadStream,
  createWriteStream,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
} from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { TID } from '@atproto/common-web'
import { encode } from '@atproto/lex-cbor'
import { type LexValue, parseCid } from '@atproto/lex-data'
import { createServiceJwt } from '@atproto/xrpc-server'
import { varint } from 'multiformats'
import { cidOf, cidString } from '../../src/kernel/cbor/cid.ts'
import { SigningKey } from '../../src/kernel/crypto/signing-key.ts'
import { PlcError } from '../../src/services/identity/plc.ts'
import {
  normalizeOperation,
  operationCid,
  type PlcOperation,
  type PlcState,
  signOperation,
} from '../../src/services/identity/plc-operation.ts'
import { carFile } from '../../src/storage/car.ts'
import { adopt, create, isHere } from './account.ts'
import { type BlobSource, cidOfFile, copyBlobs, FolderBlobs } from './blobs.ts'
import { verifyCar } from './car-file.ts'
import { MoveError } from './errors.ts'
import { identityOf, plcOf, type RecommendedCredentials, recommendedBy } from './identity.ts'
import { type Move, many, type Step } from './move.ts'
import { isCid } from './pages.ts'
import { CAR, importRepository } from './repository.ts'
import { activate, compare } from './rest.ts'
import { readRotationKey } from './rotation-key.ts'
import { isSwitched, submit, wantedState } from './switch-identity.ts'

export interface OfflineParts {
  /** CAR file. */
  car: string
  /** Folder of blobs, named by their CIDs. */
  blobs: string | undefined
  /** JSON file, as `getPreferences` answers. */
  preferences: string | undefined
  /** The private rotation key, hex or multibase. */
  rotationKey(): Promise<string>
  /** Keeps all rotation keys of the identity, not only those above the given one. */
  keepKeys: boolean
}

const GIVEN = 'given.car'

export function offlineSteps(parts: OfflineParts): readonly Step[] {
  return [
    checkFile(parts),
    proveOwnership(parts),
    createAccount,
    importRepository,
    copyBlobs((move) => blobsFrom(move, parts)),
    preferencesFrom(parts),
    compare,
    switchIdentity(parts),
    activate,
  ]
}

const checkFile = ({ car }: OfflineParts): Step => ({
  name: 'file',
  title: 'Verifying the CAR file',
  async run(move) {
    const { state, folder, report } = move
    copyFileSync(car, folder.file(GIVEN))
    const keys = await everyKey(move)
    const { blobs, ...repository } = await verifyCar(folder.file(GIVEN), car, {
      did: state.did,
      keys,
    })
    state.repository = { ...repository, blobs: blobs.size }
    report.note(
      `${many(repository.records, 'record')}, ${many(blobs.size, 'blob')}: complete, and signed with a key of the account`,
    )
  },
})

/** did:keys that have ever signed for the account: a backup may be older than its present key. */
async function everyKey({ state, network }: Move): Promise<string[]> {
  const log = await plcOf(network).auditLog(state.did)
  return log.flatMap(({ operation, nullified }) => {
    if (nullified || operation.type === 'plc_tombstone') return []
    return normalizeOperation(operation).verificationMethods.atproto ?? []
  })
}

const proveOwnership = (parts: OfflineParts): Step => ({
  name: 'proof',
  title: 'Proving with the rotation key whose identity it is',
  async run(move) {
    const { state, save } = move
    state.temporaryKey ??= Buffer.from(SigningKey.generate().toBytes()).toString('hex')
    save()
    const temporary = temporaryKeyOf(move)
    const { signingKey } = await identityOf(state.did, move.network)
    if (signingKey !== temporary.did()) {
      await change(move, parts, (now) => ({
        ...now,
        verificationMethods: { ...now.verificationMethods, atproto: temporary.did() },
      }))
    }
    state.oldSigningKey = temporary.did()
    await signAnew(move, temporary)
  },
})

function temporaryKeyOf({ state }: Move): SigningKey {
  if (!state.temporaryKey) throw new MoveError('The state lacks its temporary key: begin anew')
  return SigningKey.fromBytes(Buffer.from(state.temporaryKey, 'hex'))
}

/** Changes the identity with the rotation key. */
async function change(move: Move, parts: OfflineParts, to: (now: PlcState) => PlcState) {
  const plc = plcOf(move.network)
  try {
    await plc.submit(move.state.did, await signed(move, parts, to))
  } catch (error) {
    if (!(error instanceof PlcError)) throw error
    throw new MoveError(
      `The identity was not changed: ${error.message}. Run the same command again.`,
    )
  }
}

async function signed(
  { state, network }: Move,
  parts: OfflineParts,
  to: (now: PlcState) => PlcState,
): Promise<PlcOperation> {
  const last = await plcOf(network).lastOp(state.did)
  if (last.type === 'plc_tombstone') throw new MoveError(`The identity ${state.did} has ended`)
  const { type: _, prev: __, ...now } = normalizeOperation(last)
  const key = readRotationKey(await parts.rotationKey(), now.rotationKeys)
  return signOperation({ type: 'plc_operation', ...to(now), prev: operationCid(last) }, key)
}

/** Writes the repository with a commit that the temporary key has signed: the old one's key speaks no more. */
async function signAnew(move: Move, key: SigningKey): Promise<void> {
  const { state, folder } = move
  const { repository } = state
  if (!repository) throw new MoveError('The CAR file has not been verified yet')
  const unsigned = {
    did: state.did,
    version: 3,
    data: parseCid(repository.data),
    rev: TID.nextStr(repository.rev),
    prev: null,
  }
  const sig = key.signSync(encode(unsigned as LexValue))
  const block = encode({ ...unsigned, sig } as LexValue)
  const cid = cidOf(block)
  const given = folder.file(GIVEN)
  const file = createWriteStream(folder.file(CAR), { mode: 0o600, flush: true })
  file.write(carFile(cid, [[cid, block]]))
  // The old commit stays in the file, and belongs to nothing.
  await pipeline(createReadStream(given, { start: headerEnd(given) }), file)
  state.repository = { ...repository, commit: cidString(cid), rev: unsigned.rev }
}

/** Where the first block of a CAR file begins. */
function headerEnd(path: string): number {
  const file = openSync(path, 'r')
  try {
    const start = new Uint8Array(8)
    readSync(file, start, 0, start.byteLength, 0)
    const [length, size] = varint.decode(start)
    return size + length
  } finally {
    closeSync(file)
  }
}

const createAccount: Step = {
  name: 'account',
  title: 'Making the account at the new host',
  async run(move) {
    const { state, here, answers } = move
    state.email ??= await answers.email()
    await here.again(async () => {
      if (await isHere(move)) return
      const proof = await createServiceJwt({
        iss: state.did,
        aud: state.targetDid,
        lxm: 'com.atproto.server.createAccount',
        keypair: temporaryKeyOf(move),
      })
      await create(move, proof)
    })
    await adopt(move)
  },
}

const preferencesFrom = ({ preferences }: OfflineParts): Step => ({
  name: 'preferences',
  title: 'Copying the preferences',
  async run({ hereSession, report }) {
    if (preferences === undefined) {
      report.note('No file of preferences was given: they are as for a new account')
      return
    }
    const read = JSON.parse(readFileSync(preferences, 'utf8')) as unknown
    const list = Array.isArray(read) ? read : (read as { preferences?: unknown }).preferences
    if (!Array.isArray(list)) throw new MoveError(`${preferences} holds no list of preferences`)
    await hereSession.post('app.bsky.actor.putPreferences', { preferences: list })
  },
})

const switchIdentity = (parts: OfflineParts): Step => ({
  name: 'identity',
  title: 'Changing the identity',
  async run(move) {
    const { state, hereSession, report, save } = move
    const recommended = await hereSession.get<RecommendedCredentials>(recommendedBy)
    if (!(await isSwitched(move, recommended))) {
      const { rotationKeys } = await plcOf(move.network).documentData(state.did)
      const given = readRotationKey(await parts.rotationKey(), rotationKeys).did()
      const below = parts.keepKeys ? [] : rotationKeys.slice(rotationKeys.indexOf(given) + 1)
      for (const key of below) report.note(`Rotation key ${key} stood below yours, and goes`)
      state.sourceRotationKeys = below
      const wanted = await wantedState(move, recommended)
      await submit(move, await signed(move, parts, () => wanted), recommended)
    }
    // It speaks for nobody any more.
    delete state.temporaryKey
    save()
  },
})

async function blobsFrom(move: Move, { blobs }: OfflineParts): Promise<BlobSource> {
  const { state, folder } = move
  const keys = state.oldSigningKey ? [state.oldSigningKey] : []
  const { blobs: uses } = await verifyCar(folder.file(CAR), 'the file', { did: state.did, keys })
  return new FolderBlobs(blobs ?? 'any folder', await blobFiles(blobs), uses)
}

/** Files of a folder by the CID in their names, or of their bytes. */
async function blobFiles(folder: string | undefined): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  if (folder === undefined) return found
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    const [name = ''] = entry.name.split('.')
    found.set(isCid(name) ? name : await cidOfFile(path), path)
  }
  return found
}
