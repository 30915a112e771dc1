/**
 * How the Worker and the objects call each other. A contract is an interface of parts, each an interface of methods;
 * the object implements it by classes that throw, the caller has an `RpcClient` that rejects.
 */
import type { RateLimitStatus } from '../storage/rate-limit.ts'

/** What a method of a contract returns; whoever calls it from outside the object gets a promise either way. */
export type Answer<T> = T | Promise<T>

// biome-ignore lint/suspicious/noExplicitAny: of a function that is any function, parameters have no other type
type Method = (...args: any) => unknown

/** A contract as its callers see it: `client.part.method(…)` is one round trip. */
export type RpcClient<Contract> = {
  readonly [Part in keyof Contract]: {
    readonly [Name in keyof Contract[Part]]: Contract[Part][Name] extends Method
      ? (
          ...args: Parameters<Contract[Part][Name]>
        ) => Promise<Awaited<ReturnType<Contract[Part][Name]>>>
      : never
  }
}

/** An error that the caller is meant to see, as it crosses. */
export interface RpcError {
  /** XRPC error name. */
  name: string
  message: string
  /** HTTP status. */
  status: number
  /** Set when a rate limit was exceeded. */
  rateLimit?: RateLimitStatus
}

/**
 * What really crosses. RPC takes the class off a thrown error and logs it as a failure of the object; an
 * error that the caller is meant to see is an answer, so it travels as a value.
 */
export type RpcResult = { ok: true; value: unknown } | { ok: false; error: RpcError }

/**
 * Somebody who was found to be signed in, by the family of a session (null: an OAuth token, which was looked up), or by
 * the token of a browser session. Whether they still are is looked at again in the turn in which the call is made.
 */
export type Holder =
  | { readonly session: string | null }
  | {
      readonly browser: string
      /** Credentials must have been shown lately, for dangerous steps. */
      readonly fresh?: boolean
      /** An account that was taken down counts as well. */
      readonly evenTakendown?: boolean
    }

/** The one method by which the parts of an object are called. */
export interface RpcObject {
  /** @param holder who must still be signed in when it is done, where the call is of somebody who is (accounts only) */
  call(part: string, method: string, args: readonly unknown[], holder?: Holder): Promise<RpcResult>
}
