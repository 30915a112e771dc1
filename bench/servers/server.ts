/** What the two servers have in common. */

export type ServerName = 'cumulus' | 'reference'

export interface Account {
  did: string
  handle: string
  token: string
}

/** A server that runs. */
export interface Running {
  name: ServerName
  origin: string
  pid: number
  stop(): Promise<void>
}

/** A server with its data folder; it can be started again and again. */
export interface Host {
  name: ServerName
  /** Resolves when the server accepts connections. */
  start(): Promise<Running>
  createAccount(running: Running, handle: string): Promise<Account>
}

/** A password of all accounts of a run. */
export const PASSWORD = 'bench password'

/** Larger than the largest blob that is uploaded. */
export const BLOB_LIMIT = '64000000'
