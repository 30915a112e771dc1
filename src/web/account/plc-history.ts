/** The history of a did:plc in plain words. What stands in it, anybody may have written. */
import type { PlcLogEntry } from '../../services/identity/plc.ts'
import {
  firstHandle,
  normalizeOperation,
  type PlcState,
} from '../../services/identity/plc-operation.ts'

/** One step of the history. */
export interface Step {
  /** ISO 8601. */
  at: string
  /** What happened, as sentences. */
  said: string[]
  /** A stronger key has undone it. */
  isUndone: boolean
}

/** @param entries as the directory lists them, the oldest first */
export function historyOf(entries: readonly PlcLogEntry[]): Step[] {
  let before: PlcState | undefined
  return entries.map(({ operation, nullified, createdAt }) => {
    const step = { at: createdAt, isUndone: nullified }
    if (operation.type === 'plc_tombstone') return { ...step, said: ['The identity was ended.'] }
    const state = normalizeOperation(operation)
    const said = before ? changes(before, state) : beginning(state)
    if (!nullified) before = state
    return { ...step, said }
  })
}

const hostOf = ({ services }: PlcState): string => services.atproto_pds?.endpoint ?? 'no host'
const handleOf = ({ alsoKnownAs }: PlcState): string => firstHandle(alsoKnownAs) ?? 'no handle'

const beginning = (state: PlcState): string[] => [
  `The identity began as @${handleOf(state)} on ${hostOf(state)}, with ${count(state.rotationKeys.length)}.`,
]

const count = (keys: number): string => (keys === 1 ? 'one rotation key' : `${keys} rotation keys`)

function changes(before: PlcState, state: PlcState): string[] {
  const said: string[] = []
  const [handle, host] = [handleOf(state), hostOf(state)]
  if (handle !== handleOf(before)) {
    said.push(`The handle changed from @${handleOf(before)} to @${handle}.`)
  }
  if (host !== hostOf(before)) said.push(`The account moved from ${hostOf(before)} to ${host}.`)
  if (state.verificationMethods.atproto !== before.verificationMethods.atproto) {
    said.push('The key that signs posts was exchanged.')
  }
  const added = state.rotationKeys.filter((key) => !before.rotationKeys.includes(key))
  const removed = before.rotationKeys.filter((key) => !state.rotationKeys.includes(key))
  for (const key of added) said.push(`The rotation key ${key} was added.`)
  for (const key of removed) said.push(`The rotation key ${key} was removed.`)
  const kept = (keys: readonly string[]) =>
    keys.filter((key) => ![...added, ...removed].includes(key))
  if (kept(before.rotationKeys).join() !== kept(state.rotationKeys).join()) {
    said.push('The order of the rotation keys changed.')
  }
  return said.length > 0 ? said : ['Something else was changed.']
}
