/** What a running host says of its secrets. */
import { createHmac, randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { askAsOperator, type OperatorArgs } from '../operator/operator.ts'
import { CommandError } from '../terminal/errors.ts'

/** Secrets as they are typed. */
export type SecretName = 'jwt' | 'key' | 'plc' | 'dpop'

/** A change that goes through all accounts; times in ms since the epoch. */
export interface Run {
  /** Whether what it replaces is the other secret that the host works with. */
  ofOther: boolean
  since: number
  total: number
  done: number
  pass: number
  changed: number
  failed: { did: string; why: string }[]
  failures: number
  waiting: number
  finishedAt: number | null
}

interface Answer {
  jwt: { proofs: string[]; since?: number }
  key: { proofs: string[]; run?: Run }
  plc: { proofs: string[]; run?: Run; didKeys: string[] }
  dpop: { proofs: string[] }
}

export class HostState {
  readonly answer: Answer
  readonly #nonce: string

  constructor(answer: Answer, nonce: string) {
    this.answer = answer
    this.#nonce = nonce
  }

  /** What the host does with a secret: it makes things with it, or accepts what was made with it, or neither. */
  useOf(name: SecretName, value: string): 'used' | 'accepted' | 'unknown' {
    const proof = createHmac('sha256', value).update(`cumulus secret\0${this.#nonce}`).digest('hex')
    const place = this.answer[name].proofs.indexOf(proof.slice(0, 32))
    return place < 0 ? 'unknown' : place === 0 ? 'used' : 'accepted'
  }

  /** Whether two secrets are at work: one takes the place of the other. */
  hasTwo(name: SecretName): boolean {
    return this.answer[name].proofs.length > 1
  }
}

/** @throws CommandError */
export async function readHostState(args: OperatorArgs): Promise<HostState> {
  const nonce = randomBytes(16).toString('base64url')
  const answer = await askAsOperator(args, '/operator/secrets', { nonce })
  return new HostState(answer as unknown as Answer, nonce)
}

/** The same, undefined while the host does not answer. */
export const tryHostState = (args: OperatorArgs): Promise<HostState | undefined> =>
  readHostState(args).catch((error: unknown) => {
    if (error instanceof CommandError) return undefined
    throw error
  })

/** Between two questions, in ms: the first come faster, and no more than what a host answers its operator. */
export const pauseAfter = (asked: number): number => (asked < 20 ? 250 : 2_000)

/**
 * Asks until the host is as it is to be, and waits: where it runs in many places, they do not change at once.
 *
 * @param timeout ms
 * @param settle ms, after it was seen first
 * @throws CommandError
 */
export async function untilHost(
  args: OperatorArgs,
  isReached: (state: HostState) => boolean,
  { timeout, settle, otherwise }: { timeout: number; settle: number; otherwise: string },
): Promise<HostState> {
  const end = Date.now() + timeout
  for (let asked = 0; ; asked++) {
    const state = await tryHostState(args)
    if (state && isReached(state)) {
      await sleep(settle)
      return state
    }
    if (Date.now() > end) throw new CommandError(otherwise)
    await sleep(pauseAfter(asked))
  }
}
