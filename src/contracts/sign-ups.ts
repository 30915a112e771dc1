/** What the directory answers about sign-ups: those that wait for approval, and names that are reserved. */
import type { Mail } from '../kernel/mail.ts'
import type { SignUpFacts } from '../storage/directory/burst-rules.ts'
import type { HandleRule, RuledName } from '../storage/directory/handle-rules.ts'
import type { SignUpPage, SignUpPlace, WaitingSignUp } from '../storage/directory/sign-up-queue.ts'
import type { Answer } from './answer.ts'

/** What is looked at when somebody signs up. */
export interface SignUpNote {
  /** Most sign-ups that may wait for approval; undefined: this one does not wait. */
  queueMax?: number
  /** Where bursts are looked for: from how many in an hour on, and what is known of this one. */
  burst?: SignUpFacts & { minimum: number }
}

/** The mail about a decision. */
export interface DecisionMail {
  mail: Mail
  /** ms */
  lifetime: number
}

/** Sign-ups that wait for the operator's approval. */
export interface SignUpsRpc {
  get(did: string): Answer<WaitingSignUp | undefined>
  /** How many wait that came no later; undefined: it does not wait. */
  place(did: string): Answer<number | undefined>
  list(limit: number, after?: SignUpPlace): Answer<SignUpPage>
  /** It was approved, and the account is open. */
  finish(did: string, told?: DecisionMail): Answer<void>
  /** It is about to be removed; from here on that happens, whatever breaks off. */
  refuse(did: string, reason: string, told?: DecisionMail): Answer<void>
}

/** Names that the operator reserves or frees. */
export interface HandleRulesRpc {
  find(name: string): Answer<HandleRule | undefined>
  /** @param rule undefined: as it is by default */
  set(name: string, rule: HandleRule | undefined): Answer<void>
  list(limit: number, after?: string): Answer<RuledName[]>
}
