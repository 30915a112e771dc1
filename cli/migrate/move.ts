/** What the steps of a move work with. */
import type { ResolutionSettings } from '../../src/services/identity/resolve-did.ts'
import type { Remote } from './remote.ts'
import type { Session } from './session.ts'
import type { MoveFolder, MoveState } from './state.ts'

/** What only whoever moves can say. Where nobody can be asked, each throws an error that names the option. */
export interface Answers {
  /** The main password at the old host. */
  oldPassword(): Promise<string>
  /** The password that the account has here, or gets. */
  newPassword(): Promise<string>
  /** A code for signing in at the old host that was given along. */
  givenSignInCode(): string | undefined
  /** The code that a host asks for beside the password; empty: it is to mail another. @param where such as `the old host` */
  signInCode(where: string): Promise<string>
  /** A code for the change of the identity that was given along, such as by the operator of the old host. */
  givenIdentityCode(): string | undefined
  /** The code that the old host has mailed for the change of the identity. */
  mailedIdentityCode(address: string | undefined): Promise<string>
  /** An e-mail address for the account here. */
  email(): Promise<string>
  /** An invite code of the new host that was given along. */
  givenInviteCode(): string | undefined
  inviteCode(): Promise<string>
  /** The header `Authorization` of the new host's operator, where that is who moves somebody. */
  operator(): string | undefined
  /** Whether the move goes on without what is named. */
  goOnWithout(question: string, flag: string): Promise<boolean>
}

/** Where a move tells what it does. */
export interface Reporter {
  /** A step begins. */
  step(title: string): void
  /** Something that whoever moves should know. */
  note(line: string): void
  /** How far a long step is; the total may be unknown. */
  progress(now: { done: number; total?: number | undefined; unit: string; bytes?: number }): void
}

export interface MoveOptions {
  /** The person's own rotation key, a did:key, to stand before all others. */
  recoveryKey?: string | undefined
  allowMissingBlobs: boolean
  /** Blobs that are copied at once. */
  parallel: number
  /** Of a did:web: how long its new document is waited for, ms. */
  waitForDocument: number
}

export interface Move {
  readonly state: MoveState
  readonly folder: MoveFolder
  readonly old: Remote
  readonly here: Remote
  /** Signed in at the old host; not of one that is gone. */
  readonly oldSession: Session
  readonly hereSession: Session
  readonly answers: Answers
  readonly report: Reporter
  readonly options: MoveOptions
  readonly network: ResolutionSettings
  readonly signal: AbortSignal
  /** Writes the state to the disk. */
  save(): void
}

/** One step. It finds out by itself what holds already, so that it may be begun again at any time. */
export interface Step {
  name: string
  title: string
  /** @returns the name of an earlier step to go on from, if something has changed meanwhile */
  // biome-ignore lint/suspicious/noConfusingVoidType: most steps return nothing
  run(move: Move): Promise<string | void>
}

/** Such as `1 blob`, `2 blobs`. */
export const many = (count: number, what: string): string =>
  `${count} ${what}${count === 1 ? '' : 's'}`
