/** One attempt to tell a webhook of a chunk of the log: what was sent before, and taken, is not sent again. */
import type { Webhook } from '../../contracts/webhooks.ts'
import type { WebhookWrite } from '../../storage/index/webhook-letters.ts'
import type { WebhookProgress, WebhookState } from '../../storage/index/webhook-states.ts'
import { bodyOf, type DeliverParts, type Delivery, deliver } from './deliver.ts'
import type { Chunk } from './pages.ts'

/** Accounts whose writes are sent at once; one that failed before is asked one thing at a time. */
export const ACCOUNTS = 8

/** Times that a service may answer that it does not take a write. */
export const MAX_REFUSALS = 10

export interface Attempt {
  progress: WebhookProgress
  /** Accounts of which something was taken. */
  takenOf: Set<string>
  taken: number
  skipped: number
  /** What waits for itself, so that others go on. */
  held: { write: WebhookWrite; attempts: number; error: string }[]
  /** What is not tried any more. */
  givenUp: { write: WebhookWrite; error: string }[]
  /** Why not all is done; undefined: it is, or there was no more time. */
  failure: Failure | undefined
  isDone: boolean
}

export type Failure = Exclude<Delivery, { kind: 'taken' | 'skipped' }> & {
  after?: number | undefined
}

export interface AttemptParts extends DeliverParts {
  /** Whether earlier writes of an account wait. */
  waits(did: string): boolean
  /** Whether the service has just taken something of another account. */
  hasTakenBeside(did: string): boolean
  /** After which nothing more is begun, in ms since the epoch. */
  until: number
}

/** Sends what is left of a chunk: the writes of one account one after the other, those of several at once. */
export async function attemptChunk(
  webhook: Webhook,
  state: WebhookState,
  { writes }: Chunk,
  parts: AttemptParts,
): Promise<Attempt> {
  const done = new Set(state.progress?.done)
  const refused: Record<string, number> = { ...state.progress?.refused }
  const attempt: Attempt = {
    ...{ progress: { done: [], refused }, takenOf: new Set(), taken: 0, skipped: 0, held: [] },
    ...{ givenUp: [], failure: undefined, isDone: false },
  }
  const ofAccounts = [...Map.groupBy(writes, ({ did }) => did)]
  const lanes = ofAccounts.map(([did, all]) => ({
    did,
    left: all.filter(({ key }) => !done.has(key)),
  }))
  const refusals: { lane: (typeof lanes)[number]; answer: Failure }[] = []
  let isOver = false

  const hold = (lane: (typeof lanes)[number], attempts = 0, error = '') => {
    for (const [place, write] of lane.left.entries()) {
      attempt.held.push({
        write,
        ...(place === 0 ? { attempts, error } : { attempts: 0, error: '' }),
      })
      done.add(write.key)
    }
    lane.left = []
  }

  const sendLane = async (lane: (typeof lanes)[number]): Promise<void> => {
    if (parts.waits(lane.did)) hold(lane)
    for (let write = lane.left[0]; write; write = lane.left[0]) {
      if (isOver || Date.now() > parts.until) {
        isOver = true
        return
      }
      const answer = await deliver(webhook, lane.did, bodyOf(state.attempts + 1, write), parts)
      if (answer.kind === 'refused') {
        refusals.push({ lane, answer })
        return
      }
      if (answer.kind !== 'taken' && answer.kind !== 'skipped') {
        attempt.failure = answer
        isOver = true
        return
      }
      attempt[answer.kind]++
      if (answer.kind === 'taken') attempt.takenOf.add(lane.did)
      delete refused[write.key]
      done.add(write.key)
      lane.left.shift()
    }
  }

  const waiting = [...lanes]
  const sendLanes = async (): Promise<void> => {
    for (let lane = waiting.shift(); lane && !isOver; lane = waiting.shift()) await sendLane(lane)
  }
  const atOnce = state.attempts > 0 ? 1 : ACCOUNTS
  await Promise.all(Array.from({ length: atOnce }, sendLanes))

  // Whether it is the write that is not well or the service is seen by what it takes of others.
  for (const { lane, answer } of refusals) {
    const key = lane.left[0]?.key ?? ''
    const times = (refused[key] ?? 0) + 1
    const isWell =
      [...attempt.takenOf].some((did) => did !== lane.did) || parts.hasTakenBeside(lane.did)
    if (times >= MAX_REFUSALS) {
      const [write] = lane.left.splice(0, 1)
      if (write) attempt.givenUp.push({ write, error: answer.error })
      done.add(key)
      delete refused[key]
      // What comes behind it may be taken; that is not for others to wait for either.
      hold(lane)
    } else if (isWell) {
      delete refused[key]
      hold(lane, times, answer.error)
    } else {
      refused[key] = times
      attempt.failure ??= answer
    }
  }
  attempt.progress.done = [...done]
  attempt.isDone = lanes.every(({ left }) => left.length === 0)
  return attempt
}
