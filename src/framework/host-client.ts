/** Calls to a host, typed by its lexicons: what seeds and tests write and ask with. Runs in Node and in workerd. */
import { jsonToLex, lexToJson } from '@atproto/lexicon'
import type { Collection, Collections } from '../kernel/collections.ts'
import type { Methods } from '../kernel/methods.ts'

/** How requests reach the host: `fetch` with its origin in front, or the Worker itself. */
export type Send = (path: string, init?: RequestInit) => Promise<Response>

/** Somebody who is signed in. */
export interface SignedIn {
  did: string
  accessJwt: string
}

/** A host answered with an error. */
export class CallError extends Error {
  override name = 'CallError'
  readonly status: number
  /** The XRPC error name, such as `InvalidRequest`. */
  readonly error: string
  constructor(nsid: string, status: number, error: string, message: string) {
    super(`${nsid}: ${status} ${error}: ${message}`)
    this.status = status
    this.error = error
  }
}

/** A method of the tree. */
export type MethodName = keyof Methods

type Sent<N extends MethodName> = Methods[N] extends { params: infer P; input: infer I }
  ? { params: P; input: I }
  : never

/** What a method is called with: `params` and `input`, as its lexicon has them. */
export type CallOptions<N extends MethodName> = ParamsOption<Sent<N>['params']> &
  InputOption<Sent<N>['input']>

type NoKeys = Record<never, never>
type ParamsOption<P> = NoKeys extends P ? { params?: P } : { params: P }
type InputOption<I> = [I] extends [undefined]
  ? { input?: undefined }
  : [I] extends [ReadableStream]
    ? { input: Uint8Array | string; encoding: string }
    : NoKeys extends I
      ? { input?: I }
      : { input: I }

/** Left out where nothing has to be said. */
export type CallArguments<N extends MethodName> =
  NoKeys extends CallOptions<N> ? [options?: CallOptions<N>] : [options: CallOptions<N>]

/** What a method answers; undefined where it answers no JSON. */
export type Answer<N extends MethodName> = Methods[N] extends { output: infer O } ? O : never

/** A record as one writes it: without `$type`, which is the collection. */
export type RecordInput<C extends string> = C extends keyof Collections
  ? {
      [K in keyof Collections[C] as string extends K
        ? never
        : K extends '$type'
          ? never
          : K]: Collections[C][K]
    }
  : { readonly [name: string]: unknown }

/** Where a record is: what a `com.atproto.repo.strongRef` holds. */
export interface RecordRef {
  uri: string
  cid: string
}

interface LooseOptions {
  params?: object
  input?: unknown
  encoding?: string
}

/** Calls a method. @throws CallError when the host answers with an error */
export async function callHost<N extends MethodName>(
  send: Send,
  authorization: string | undefined,
  nsid: N,
  ...[options]: CallArguments<N>
): Promise<Answer<N>> {
  return (await request(
    send,
    authorization,
    nsid,
    options as LooseOptions | undefined,
  )) as Answer<N>
}

/** Writes a record; with `rkey`, in the place of what is there. @throws CallError */
export async function writeRecord<const C extends string>(
  send: Send,
  { did, accessJwt }: SignedIn,
  collection: Collection<C>,
  record: RecordInput<C>,
  rkey?: string,
): Promise<RecordRef> {
  const method = rkey === undefined ? 'createRecord' : 'putRecord'
  const input = { repo: did, collection, rkey, record: { $type: collection, ...record } }
  const answer = await request(send, `Bearer ${accessJwt}`, `com.atproto.repo.${method}`, { input })
  const { uri, cid } = answer as RecordRef
  return { uri, cid }
}

async function request(
  send: Send,
  authorization: string | undefined,
  nsid: string,
  { params = {}, input, encoding }: LooseOptions = {},
): Promise<unknown> {
  const headers: Record<string, string> = authorization === undefined ? {} : { authorization }
  const isData = typeof input === 'string' || input instanceof Uint8Array
  if (input !== undefined) headers['content-type'] = encoding ?? 'application/json'
  const body = isData ? (input as BodyInit) : JSON.stringify(lexToJson(input as never))
  const init = input === undefined ? { headers } : { method: 'POST', headers, body }
  const query = queryOf(params)
  const response = await send(`/xrpc/${nsid}${query}`, init)
  const text = await response.text()
  const json: unknown = isJson(response) && text !== '' ? JSON.parse(text) : undefined
  if (!response.ok) {
    const { error = 'Unknown', message = text } = (json ?? {}) as Partial<CallError>
    throw new CallError(nsid, response.status, error, message)
  }
  return json === undefined ? undefined : jsonToLex(json as never)
}

function queryOf(params: object): string {
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(params)) {
    const all: unknown[] = Array.isArray(value) ? value : value === undefined ? [] : [value]
    for (const one of all) query.append(name, String(one))
  }
  return query.size > 0 ? `?${query}` : ''
}

const isJson = ({ headers }: Response): boolean =>
  headers.get('content-type')?.startsWith('application/json') ?? false
