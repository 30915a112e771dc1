/** What the process beside workerd knows of it and of the machine (`GET /facts`). */
export interface HostFacts {
  /** Of the disk with the data. */
  freeBytes: number
  totalBytes: number
  /** Memory of workerd; null: it cannot be known here. */
  residentBytes: number | null
  /** How often workerd ended by itself and was started again. */
  restarts: number
  /** When this workerd was started, in ms since the epoch. */
  startedAt: number
}
