/**
 * What a handler file is made of. The generator binds these types to one lexicon method each
 * (`src/generated/methods/<nsid path>.ts`); a handler imports `define` and `errors` from there.
 */
import { XRPCError } from '@atproto/xrpc-server'
import type { RateLimit } from '../../context/limits/policy.ts'
import type { Services } from '../../context/services.ts'
import type { Config } from '../../kernel/config/config.ts'
import { statusOf } from '../../kernel/error-status.ts'
import type { OAuthRule } from '../auth/oauth-rule.ts'
import type { AuthPolicy } from '../auth/policy.ts'
import type { ENCODING } from './bytes.ts'
import type { JsonText, NotModified } from './json-text.ts'

/** One lexicon method as a handler sees it; the generator fills it in from the lexicon. */
export interface MethodShape {
  kind: 'query' | 'procedure' | 'subscription'
  params: object
  /** The parsed JSON body, the body stream where the lexicon gives no schema, or undefined. */
  input: unknown
  /** The JSON body to answer with, or undefined where the lexicon has no JSON output. */
  output: unknown
  /** The MIME type of the output, where the lexicon gives it no schema. */
  outputEncoding?: string
}

/** What a handler is called with. */
export interface Context<M extends MethodShape, C> {
  /** The method. */
  nsid: string
  /** Query parameters, parsed and validated by the lexicon, with its defaults filled in. */
  params: M['params']
  /** The request body, validated by the lexicon. */
  input: M['input']
  /** MIME type of the request body, without parameters; empty when there is no body. */
  encoding: string
  /** Who is calling, as the `auth` policy of the handler established it. */
  auth: C
  request: Request
  /**
   * The entity tags of answers that the client has (`If-None-Match`), for handlers to spare themselves work: one of the
   * same tag is left out in any case. undefined: it has none, or another handler calls.
   */
  ifNoneMatch: string | undefined
  /** Where the request comes from; empty when that is unknown. */
  clientAddress: string
  /** What this host does: accounts, repositories, identity, lexicons, blobs, mail … */
  services: Services
  /** Lets work go on after the answer is sent. */
  waitUntil(work: Promise<unknown>): void
}

/**
 * What a handler may answer: its lexicon's output, as a value or as text, or a finished `Response` (bytes, a WebSocket,
 * or the answer of another service), which is sent as it is.
 */
export type Output<M extends MethodShape> = M['output'] | JsonText | NotModified | AnswerOf<M>

type AnswerOf<M extends MethodShape> = Response & {
  readonly [ENCODING]?: M extends { outputEncoding: infer E } ? E : undefined
}

/** Bytes. */
export type InputLimit = number | ((config: Config) => number)

/** A handler file's default export: policy as data, beside one function. */
export interface Definition<M extends MethodShape, C> {
  /** Who may call. */
  auth: AuthPolicy<C>
  /** What an OAuth token must allow. Default: as the policy says, or else none is enough. */
  oauth?: OAuthRule<M['params'], M['input']>
  /** Largest accepted body in bytes, before and after decompression; a setting may say it. Default: 150 KiB. */
  inputLimit?: InputLimit
  /** The handler counts a stream itself, as it arrives: only the length that is declared is looked at before. */
  countsInput?: true
  /** Compressed bodies are refused: what they unfold to is too much to look at. */
  plainInput?: true
  /** How often it may be called. */
  limits?: readonly RateLimit[]
  handler(ctx: Context<M, C>): Output<M> | Promise<Output<M>>
}

/** A definition with its method's types forgotten, as the dispatcher holds it. */
export interface AnyDefinition {
  auth: AuthPolicy<unknown>
  oauth?: OAuthRule
  inputLimit?: InputLimit
  /** The handler counts a stream itself, as it arrives: only the length that is declared is looked at before. */
  countsInput?: true
  /** Compressed bodies are refused: what they unfold to is too much to look at. */
  plainInput?: true
  limits?: readonly RateLimit[]
  handler(ctx: never): unknown
}

/** Makes the `define` function of one lexicon method; called by generated code only. */
export function definer<M extends MethodShape>() {
  return <C>(definition: Definition<M, C>): Definition<M, C> => definition
}

/** How a declared error may depart from what is usual. */
export interface DeclaredErrorOptions {
  /** HTTP status; that of its name (`src/kernel/error-status.ts`), 400 as a rule, unless given. */
  status?: number
  /** What went wrong underneath, for the log only. */
  cause?: unknown
}

export type DeclaredErrors<Name extends string> = Readonly<
  Record<Name, (message?: string, options?: DeclaredErrorOptions) => XRPCError>
>

/** Makes the constructors of the errors that one lexicon declares; called by generated code only. */
export function declareErrors<const Name extends string>(
  names: readonly Name[],
): DeclaredErrors<Name> {
  const make =
    (name: Name) =>
    (message?: string, { status = statusOf(name), cause }: DeclaredErrorOptions = {}) =>
      new XRPCError(status, message, name, { cause })
  return Object.fromEntries(names.map((name) => [name, make(name)])) as DeclaredErrors<Name>
}
