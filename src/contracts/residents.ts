/** What is answered to whoever caches the accounts of this host. */
import type { HostedAccount, NameKind } from '../storage/directory/accounts.ts'
import type { Answer } from './answer.ts'

/** How far somebody knows the changes of accounts that are found already: renamed, with another address, or gone. */
export interface DirectoryVersion {
  /** Of the object that counts them, which counts anew in each life. */
  life: string
  /** How many it has counted. */
  changes: number
}

export interface ResidentAnswer {
  account: HostedAccount | undefined
  version: DirectoryVersion
  /** DIDs of accounts that were changed since the version that the caller has; undefined: nothing counts that it knows. */
  changed: string[] | undefined
  /** How long ago this was true, in ms, at most. */
  age: number
}

export interface ResidentsRpc {
  /** Finds an account. @param since what the caller knows, so that it learns what is out of date of it */
  find(by: NameKind, value: string, since?: DirectoryVersion): Answer<ResidentAnswer>
}
