import type { DecisionMail, SignUpsRpc } from '../../contracts/sign-ups.ts'
import type { Bursts, BurstView } from '../../storage/directory/bursts.ts'
import type {
  SignUpPage,
  SignUpPlace,
  SignUpQueue,
  WaitingSignUp,
} from '../../storage/directory/sign-up-queue.ts'
import type { Job } from '../scheduler.ts'
import type { Mails } from './mails.ts'

/** Sign-ups that are decided on by the operator. */
export class SignUps implements SignUpsRpc {
  readonly #storage: DurableObjectStorage
  readonly #queue: SignUpQueue
  readonly #mails: Pick<Mails, 'addWith'>
  readonly #bursts: Pick<Bursts, 'view'>

  constructor(
    storage: DurableObjectStorage,
    queue: SignUpQueue,
    mails: Pick<Mails, 'addWith'>,
    bursts: Pick<Bursts, 'view'>,
  ) {
    this.#storage = storage
    this.#queue = queue
    this.#mails = mails
    this.#bursts = bursts
  }

  burst(): BurstView {
    return this.#bursts.view()
  }

  get(did: string): WaitingSignUp | undefined {
    return this.#queue.get(did)
  }

  place(did: string): number | undefined {
    return this.#queue.place(did)
  }

  list(limit: number, after?: SignUpPlace): SignUpPage {
    return this.#queue.list(limit, after)
  }

  async finish(did: string, told?: DecisionMail): Promise<void> {
    await this.#withMail(told, 'sign-up approved', (queueMail) => {
      if (!this.#queue.get(did)) return
      this.#queue.remove(did)
      queueMail()
    })
  }

  async refuse(did: string, reason: string, told?: DecisionMail): Promise<void> {
    await this.#withMail(told, 'sign-up refused', (queueMail) => {
      // Once: the second of two attempts says nothing more.
      if (this.#queue.refuse(did, reason)) queueMail()
    })
  }

  #withMail(
    told: DecisionMail | undefined,
    kind: string,
    work: (queueMail: () => void) => void,
  ): Promise<void> {
    if (told) return this.#mails.addWith(told.mail, kind, told.lifetime, work)
    this.#storage.transactionSync(() => work(() => undefined))
    return Promise.resolve()
  }
}

/** How often it is looked for sign-ups that have waited too long, in ms. */
export const QUEUE_CHECK = 60 * 60 * 1000

/** Refused at a time. */
const BATCH = 20

/** Refuses sign-ups that have waited too long, and completes what broke off. One that fails holds up no other. */
export const refuseOverdue = (
  queue: Pick<SignUpQueue, 'overdue' | 'list'>,
  maxAge: number,
  refuse: (did: string, reason: string) => Promise<void>,
): Job => ({
  name: 'refuse sign-ups that waited too long',
  async run() {
    const failures: unknown[] = []
    for (const did of queue.overdue(Date.now() - maxAge, BATCH)) {
      try {
        await refuse(did, 'Nobody has decided on it in time. You are welcome to try again.')
      } catch (error) {
        failures.push(error)
      }
    }
    if (failures.length > 0) throw failures[0]
  },
  repeatAfter: () => (queue.list(1).total > 0 ? QUEUE_CHECK : undefined),
})
