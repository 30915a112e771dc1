/**
 * Set up before every file of tests: bytes are compared as bytes. By itself `toEqual` goes through them one after the other, 12 s
 * for 15 MB, in which no timer runs and no connection that the server closes is noticed.
 */
import { expect } from 'vitest'

/** Files that share a process share what they add. */
const DONE = Symbol.for('cumulus.test.bytes')

const compareBytes = (one: unknown, other: unknown): boolean | undefined =>
  one instanceof Uint8Array && other instanceof Uint8Array && one.constructor === other.constructor
    ? Buffer.compare(one, other) === 0
    : undefined

if (!(DONE in globalThis)) {
  expect.addEqualityTesters([compareBytes])
  Object.assign(globalThis, { [DONE]: true })
}
