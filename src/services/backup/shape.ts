/** Reads JSON that lies in a backup: whoever may write there may have written anything. */
import { isValidDid } from '@atproto/syntax'
import type { ScheduledBackup } from '../../contracts/host-report.ts'
import { BackupError, DamagedFileError } from './errors.ts'
import {
  type AccountIndex,
  type BackupConfig,
  FORMAT,
  type Manifest,
  type ManifestAccount,
} from './format.ts'
import { assertName } from './store.ts'

type Shape = (value: unknown) => boolean

// No stricter than what a host may say of its accounts: a backup that was written has to be read.
const text: Shape = (value) => typeof value === 'string'
const hash: Shape = (value) => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value)
const count: Shape = (value) => Number.isSafeInteger(value) && Number(value) >= 0
const cid: Shape = (value) => typeof value === 'string' && /^[A-Za-z0-9]{8,128}$/.test(value)
const did: Shape = (value) => typeof value === 'string' && isValidDid(value)
const time: Shape = (value) => text(value) && !Number.isNaN(Date.parse(String(value)))
const either =
  (...shapes: readonly Shape[]): Shape =>
  (value) =>
    shapes.some((shape) => shape(value))
const nothing: Shape = (value) => value === null
const listOf =
  (shape: Shape): Shape =>
  (value) =>
    Array.isArray(value) && value.every(shape)

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** An object with these fields, and perhaps others. */
const object =
  (fields: Readonly<Record<string, Shape>>): Shape =>
  (value) =>
    isObject(value) && Object.entries(fields).every(([name, shape]) => shape(value[name]))

/** An object whose values are alike. */
const valuesOf =
  (name: Shape, shape: Shape): Shape =>
  (value) =>
    isObject(value) && Object.entries(value).every(([key, of]) => name(key) && shape(of))

const name: Shape = (value) => {
  try {
    return assertName(String(value)) !== ''
  } catch {
    return false
  }
}

const file = { sha256: hash, size: count }
const account = object({ did, handle: text, index: object(file) })

const shapes = {
  manifest: object({
    createdAt: time,
    kind: either(
      (value) => value === 'host',
      (value) => value === 'account',
    ),
    host: object({ hostname: text, publicUrl: text, keyFingerprint: text }),
    accounts: listOf(account),
    failed: listOf(object({ did: text, why: text })),
    objects: valuesOf(
      (value) => ['directory', 'oauth', 'sequencer', 'app'].includes(String(value)),
      object(file),
    ),
    seq: count,
    secrets: either(nothing, object({ ...file, digest: text })),
    root: valuesOf(name, object(file)),
  }),
  index: object({
    did,
    handle: text,
    status: text,
    repository: object({
      head: cid,
      rev: text,
      records: count,
      parts: listOf(object({ ...file, since: either(nothing, text) })),
    }),
    blobs: listOf(object({ cid, size: count, type: text })),
    missingBlobs: either(Number.isSafeInteger, nothing),
    rows: object({ ...file, digest: hash }),
  }),
  config: object({ host: text, recipient: text }),
  proof: object({ manifest: text, takenAt: time, provenAt: time }),
  mark: object({
    startedAt: time,
    machine: text,
    pid: (value) => Number.isSafeInteger(value) && Number(value) > 0,
    accounts: listOf(account),
  }),
  schedule: object({
    busyUntil: count,
    run: either(
      nothing,
      object({
        at: (value) => time(value) && /^\d{4}-[\dT:.-]+Z$/.test(String(value)),
        triggers: count,
        accounts: count,
        failed: listOf(object({ did: text, why: text })),
        trying: either(nothing, object({ did: text, times: count })),
      }),
    ),
    last: either(
      nothing,
      object({
        startedAt: count,
        finishedAt: count,
        accounts: count,
        failed: count,
        why: either(nothing, text),
        manifest: text,
        notRemoved: either(nothing, text),
      }),
    ),
    error: either(nothing, object({ at: count, message: text })),
  }),
} as const satisfies Record<string, Shape>

/** When a drill has shown something, and of what. */
export interface ProofTimes {
  manifest: string
  takenAt: string
  provenAt: string
}

/** What a run that is under way has done. */
export interface Mark {
  startedAt: string
  machine: string
  pid: number
  accounts: ManifestAccount[]
}

/** The run that is under way: it may take several triggers. */
export interface RunState {
  /** When it began, ISO 8601. */
  at: string
  /** Triggers that have worked on it. */
  triggers: number
  /** Accounts that are backed up. */
  accounts: number
  failed: Manifest['failed']
  /** The account at which a trigger is that comes after one that failed, and how many were there. */
  trying: { did: string; times: number } | null
}

export interface ScheduleState extends Pick<ScheduledBackup, 'last' | 'error'> {
  /** ms since 1970; until then, somebody is at work. */
  busyUntil: number
  run: RunState | null
}

interface Known {
  manifest: Manifest
  index: AccountIndex
  config: BackupConfig
  proof: ProofTimes
  mark: Mark
  schedule: ScheduleState
}

/**
 * @param text of the file `name`
 * @throws BackupError when it is of another format; DamagedFileError when it is not what it should be
 */
export function parseJson<K extends keyof Known>(kind: K, text: string, name: string): Known[K] {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new DamagedFileError(name, 'it is no JSON')
  }
  const format = isObject(value) ? value.format : undefined
  if (format !== undefined && format !== FORMAT) {
    throw new BackupError(
      `${name} is of format ${JSON.stringify(format)?.slice(0, 20)}, and this release knows ${FORMAT}: update Cumulus.`,
    )
  }
  if (!shapes[kind](value)) throw new DamagedFileError(name, `it is no ${kind} of a backup`)
  return value as Known[K]
}
