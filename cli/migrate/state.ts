/** What a move has done so far, in a folder of its own, so that it can go on after whatever has ended it. */
import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import type { PlcOperation } from '../../src/services/identity/plc-operation.ts'
import { MoveError } from './errors.ts'

const VERSION = 1

/** Why a blob did not come along. */
export interface LostBlob {
  /** `<collection>/<rkey>` of a record that shows it. */
  path: string
  reason: string
}

export interface MoveState {
  version: typeof VERSION
  /** As it was typed at the first run. */
  account: string
  offline: boolean
  did: string
  /** Origins; of an old host that is gone, what the identity said. */
  source: string
  target: string
  targetDid: string
  /** The handle before. */
  oldHandle: string
  /** did:key that signed the repository before. */
  oldSigningKey?: string
  /** What the account is to be called. */
  handle: string
  email?: string
  /** When each step was done, ISO 8601. */
  steps: Record<string, string>
  /** When all was done, ISO 8601. */
  endedAt?: string
  inviteCode?: string
  repository?: Repository
  lostBlobs: Record<string, LostBlob>
  /** Rotation keys of the old host, which are not taken along. */
  sourceRotationKeys?: string[]
  /** When a code for the identity was mailed. */
  plcCodeMailedAt?: string
  /** Signed, and to be submitted. */
  operation?: PlcOperation
  /** Paths of records that were written at the old host at the last moment, and could not be written here. */
  lostRecords?: string[]
  /** Access tokens, which are good for two hours at most. Passwords are not kept. */
  tokens: { source?: string; target?: string }
  /** Private key, in hex, that speaks for an account whose old host is gone until it has arrived here. */
  temporaryKey?: string
}

/** The repository as it was fetched last; the file is beside the state. */
export interface Repository {
  /** CID of the commit. */
  commit: string
  rev: string
  /** CID of the tree: it stands for the path and CID of each record. */
  data: string
  records: number
  blobs: number
  bytes: number
}

/** The folder of one move. */
export class MoveFolder {
  readonly path: string

  constructor(path: string) {
    this.path = path
  }

  make(): void {
    mkdirSync(this.path, { recursive: true, mode: 0o700 })
    chmodSync(this.path, 0o700)
  }

  file(name: string): string {
    return join(this.path, name)
  }

  /** @throws MoveError */
  load(): MoveState | undefined {
    const path = this.file('state.json')
    if (!existsSync(path)) return undefined
    const broken = `${path} is no state of a move: delete the folder to begin anew; what has arrived already is found again.`
    let state: MoveState
    try {
      state = JSON.parse(readFileSync(path, 'utf8')) as MoveState
    } catch {
      throw new MoveError(broken)
    }
    if (state.version !== VERSION) throw new MoveError(broken)
    return state
  }

  /** Returns when the state is on the disk: what it says may be relied on. */
  save(state: MoveState): void {
    const path = this.file('state.json')
    const temporary = `${path}.new`
    const file = openSync(temporary, 'w', 0o600)
    try {
      writeSync(file, `${JSON.stringify(state, null, 2)}\n`)
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    renameSync(temporary, path)
  }

  /** Removes everything but the state. */
  clear(): void {
    for (const name of [
      'repository.car',
      'repository.car.part',
      'arrived.car',
      'given.car',
      'late.car',
    ])
      rmSync(this.file(name), { force: true })
    rmSync(this.file('blobs'), { recursive: true, force: true })
  }
}
