/** How the Worker and the objects find each other: one object per account, one of each other kind. */
import type { Env } from '../env.ts'
import type { AccountObject } from './account.ts'
import type { DirectoryObject } from './directory.ts'
import type { SequencerObject } from './sequencer.ts'

export const account = (env: Env, did: string): DurableObjectStub<AccountObject> =>
  env.ACCOUNTS.get(env.ACCOUNTS.idFromName(did))

export const directory = (env: Env): DurableObjectStub<DirectoryObject> =>
  env.DIRECTORY.get(env.DIRECTORY.idFromName('directory'))

export const sequencer = (env: Env): DurableObjectStub<SequencerObject> =>
  env.SEQUENCER.get(env.SEQUENCER.idFromName('sequencer'))
