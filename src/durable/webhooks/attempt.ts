/** One attempt to tell a webhook of a chunk of the log: what was sent before, and taken, is not sent again. */
import type { Webhook } from '../../contracts/webhooks.ts'
import type { WebhookWrite } from '../../storage/index/webhook-letters.ts'
import type { WebhookProgress, WebhookState } from '../../storage/index/webhook-states.ts'
import { bodyOf, type DeliverParts, type Delivery, deliver } from './deliver.ts'
import type { Chunk, KeyedWrite } from './pages.ts'

/** Accounts whose writes are sent at once; one that failed before is asked one thing at a time. */
const ACCOUNTS = 8

/** Times that a service may answer that it does not take a write. */
const MAX_REFUSALS = 10

export interface Attempt {
  progress: WebhookProgress
  taken: number
  skipped: number
  /** What is not tried any more. */
  givenUp: { write: WebhookWrite; error: string }[]
  /** Why not all is done; undefined: it is. */
  failure: Failure | undefined
}

type Failure = Exclude<Delivery, { kind: 'taken' | 'skipped' }> & { after?: number | undefined }

/** Sends what is left of a chunk: the writes of one account one after the other, those of several at once. */
export async function attemptChunk(
  webhook: Webhook,
  state: WebhookState,
  { writes }: Chunk,
  parts: DeliverParts,
): Promise<Attempt> {
  const done = new Set(state.progress?.done)
  const refused: Record<string, number> = { ...state.progress?.refused }
  const attempt: Attempt = {
    ...{ progress: { done: [], refused }, taken: 0, skipped: 0, givenUp: [] },
    failure: undefined,
  }
  let isOver = false
  const lanes = [...Map.groupBy(writes, ({ did }) => did).values()]

  /** @returns whether what comes after it may be sent */
  const send = async (write: KeyedWrite): Promise<boolean> => {
    const { key, did } = write
    const answer = await deliver(webhook, did, bodyOf(key, state.attempts + 1, write), parts)
    if (answer.kind === 'taken') attempt.taken++
    else if (answer.kind === 'skipped') attempt.skipped++
    else if (answer.kind === 'refused') {
      const times = (refused[key] ?? 0) + 1
      refused[key] = times
      if (times < MAX_REFUSALS) {
        attempt.failure ??= answer
        return false
      }
      attempt.givenUp.push({ write, error: answer.error })
    } else {
      attempt.failure = answer
      isOver = true
      return false
    }
    delete refused[key]
    done.add(key)
    return true
  }

  const sendLanes = async (): Promise<void> => {
    for (let lane = lanes.shift(); lane && !isOver; lane = lanes.shift()) {
      for (const write of lane) {
        if (isOver) return
        if (!done.has(write.key) && !(await send(write))) break
      }
    }
  }
  const atOnce = state.attempts > 0 ? 1 : ACCOUNTS
  await Promise.all(Array.from({ length: atOnce }, sendLanes))
  attempt.progress.done = [...done]
  return attempt
}
