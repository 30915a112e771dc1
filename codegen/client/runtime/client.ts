/**
 * What generated clients are made of: typed calls, collections and blobs over `@atproto/lex`, in browsers and in Node.
 * It is copied into each client as it is, so that a front end needs no more than `@atproto/lex`.
 */
import {
  type Agent,
  type AgentOptions,
  type BinaryBodyInit,
  Client,
  type ClientOptions,
  type CreateOptions,
  type CreateOutput,
  type DeleteOptions,
  type DeleteOutput,
  type GetOptions,
  type GetOutput,
  getMain,
  type Infer,
  type InferInput,
  type InferMethodError,
  type InferMethodInputBody,
  type ListOptions,
  type ListOutput,
  type ListRecordItem,
  type Main,
  type Procedure,
  type PutOptions,
  type PutOutput,
  type Query,
  type RecordSchema,
  type XrpcOptions,
  type XrpcResponseBody,
  XrpcResponseError,
} from '@atproto/lex'

/** A host as whoever signed in to it, or as nobody. */
export interface Connection {
  /** What all of this is made of, for what has no method here. */
  readonly lex: Client
  /** Where the host is, for addresses that are not called through the session. @throws Error when nobody said */
  address(): Promise<URL>
}

export interface ConnectionOptions extends ClientOptions {
  /** The address of the host, such as `https://pds.example.com`, where the session does not tell it. */
  host?: string | URL
}

/** An OAuth session tells its host when it is asked. */
interface TellsHost {
  getTokenInfo(refresh?: boolean | 'auto'): Promise<{ aud: string }>
}

/** A password session has its host's. */
interface KnowsHost {
  session: { service: string }
}

/**
 * @param agent the session of `@atproto/oauth-client-browser` or `-node`, one of `@atproto/lex-password-session`, or the
 *   address of a host, for what anybody may call
 */
export function connect(
  agent: Agent | AgentOptions,
  { host, ...options }: ConnectionOptions = {},
): Connection {
  const lex = new Client(agent, options)
  return {
    lex,
    async address() {
      if (host !== undefined) return new URL(host)
      if (typeof agent === 'string' || agent instanceof URL) return new URL(agent)
      if ('service' in agent && agent.service) return new URL(agent.service)
      if ('session' in agent) return new URL((agent as unknown as KnowsHost).session.service)
      if ('getTokenInfo' in agent) {
        return new URL((await (agent as unknown as TellsHost).getTokenInfo(false)).aud)
      }
      throw new Error('where is the host? createClient(session, { host: "https://…" })')
    },
  }
}

/** What a method answers: its body, parsed and validated; bytes where the lexicon gives no schema. */
export type Answer<M extends Query | Procedure> = XrpcResponseBody<M>

type Options<M extends Query | Procedure, Given extends string> = Omit<XrpcOptions<M>, Given>
type Arguments<First, Rest> =
  NonNullable<unknown> extends Rest
    ? undefined extends First
      ? [first?: First, options?: Rest]
      : NonNullable<unknown> extends First
        ? [first?: First, options?: Rest]
        : [first: First, options?: Rest]
    : [first: First, options: Rest]

/** What calls have in common. */
export interface CallParts<M extends Query | Procedure> {
  /** The lexicon. */
  readonly schema: M
  /**
   * Whether a call failed with an error that the lexicon of the method declares: with this one, or with any of them.
   * Then `error.error` is its name.
   */
  isError<N extends InferMethodError<M>>(
    error: unknown,
    ...names: N[]
  ): error is XrpcResponseError<M> & { readonly error: N }
}

/** A query: `await client.com.example.find({ limit: 10 })`. @throws XrpcError of `@atproto/lex` */
export type QueryCall<M extends Query> = CallParts<M> &
  ((
    ...given: Arguments<InferInput<M['parameters']>, Options<M, 'params' | 'body' | 'encoding'>>
  ) => Promise<Answer<M>>)

/** A procedure: `await client.com.example.sign({ text: 'hello' })`. @throws XrpcError of `@atproto/lex` */
export type ProcedureCall<M extends Procedure> = CallParts<M> &
  ((
    ...given: Arguments<InferMethodInputBody<M, BinaryBodyInit>, Options<M, 'body'>>
  ) => Promise<Answer<M>>)

export function query<const M extends Query>({ lex }: Connection, main: Main<M>): QueryCall<M> {
  const schema = getMain(main)
  return withParts(schema, (params: unknown, options: object = {}) => {
    const given = { ...options, params } as unknown as XrpcOptions<M>
    return lex.xrpc(schema, given).then(({ body }) => body)
  }) as unknown as QueryCall<M>
}

export function procedure<const M extends Procedure>(
  { lex }: Connection,
  main: Main<M>,
): ProcedureCall<M> {
  const schema = getMain(main)
  return withParts(schema, (body: unknown, options: object = {}) => {
    const given = { ...options, body } as unknown as XrpcOptions<M>
    return lex.xrpc(schema, given).then((answer) => answer.body)
  }) as unknown as ProcedureCall<M>
}

const withParts = <M extends Query | Procedure>(schema: M, call: object) =>
  Object.assign(call, {
    schema,
    isError: (error: unknown, ...names: string[]) =>
      error instanceof XrpcResponseError &&
      error.method.nsid === schema.nsid &&
      (names.length > 0 ? names : (schema.errors ?? [])).includes(error.error),
  })

/** Where a record is: its `at://` address, or its key, in the repository of who signed in unless `repo` says another. */
export type At<Options> = `at://${string}` | Options

/** The records of one collection. */
export interface Collection<T extends RecordSchema> {
  /** The lexicon: `schema.build(…)`, `schema.safeParse(…)` … */
  readonly schema: T
  /** Writes a new record. Its `$type` is added; without a key, the host makes one. */
  create(
    record: Omit<Infer<T>, '$type'>,
    options?: Partial<CreateOptions<T>>,
  ): Promise<CreateOutput>
  /** @throws XrpcResponseError `RecordNotFound` */
  get(...at: Located<T, GetOptions<T>>): Promise<GetOutput<T>>
  /** Writes a record in the place of another, or a new one where there is none. */
  put(record: Omit<Infer<T>, '$type'>, ...at: Located<T, PutOptions<T>>): Promise<PutOutput>
  /** Deletes a record; of one that is not there, nothing is said. */
  delete(...at: Located<T, DeleteOptions<T>>): Promise<DeleteOutput>
  /** A page of records, of the newest first unless `reverse`. Those that the lexicon does not allow are `valid: false`. */
  list(options?: ListOptions): Promise<ListOutput<T>>
  /** All records, page by page as the loop goes on. */
  all(options?: ListOptions): AsyncGenerator<ListRecordItem<Infer<T>>, void, unknown>
}

/** A record whose key the lexicon says needs no place. */
type Located<T extends RecordSchema, Options> = T['key'] extends `literal:${string}`
  ? [at?: At<Options>]
  : [at: At<Options>]

export function collection<const T extends RecordSchema>(
  { lex }: Connection,
  main: Main<T>,
): Collection<T> {
  const schema = getMain(main)
  const place = (at: unknown) =>
    (typeof at === 'string' ? parseAddress(at, schema.$type) : at) as never
  return {
    schema,
    create: (record, options = {}) => lex.create(schema, record, options as CreateOptions<T>),
    get: (at?: unknown) => lex.get(schema, place(at)),
    put: (record: Omit<Infer<T>, '$type'>, at?: unknown) => lex.put(schema, record, place(at)),
    delete: (at?: unknown) => lex.delete(schema, place(at)),
    list: (options) => lex.list(schema, options),
    all: (options) => lex.listAll(schema, options),
  } as Collection<T>
}

/** `at://<repository>/<collection>/<key>`. @throws TypeError when it is of another collection */
function parseAddress(uri: string, collection: string): { repo: string; rkey: string } {
  const [, repo, found, rkey] = /^at:\/\/([^/]+)\/([^/]+)\/([^/]+)$/.exec(uri) ?? []
  if (repo === undefined || rkey === undefined || found !== collection) {
    throw new TypeError(`${uri} is no record of ${collection}`)
  }
  return { repo, rkey }
}

/** What every client has, whatever its lexicons. Names of namespaces have no capitals, so none hides one of these. */
export const common = (connection: Connection) => ({
  /** The client of `@atproto/lex`: `call`, `xrpc`, `xrpcSafe` … with the lexicons beside. */
  lexClient: connection.lex,
  /** The DID of who signed in, if anybody. */
  get ownDid() {
    return connection.lex.did
  },
  /** Uploads bytes; what it answers goes into a record, which keeps them. A `Blob` or `File` says its type. */
  async uploadBlob(
    ...given: Parameters<Client['uploadBlob']>
  ): Promise<Awaited<ReturnType<Client['uploadBlob']>>['body']['blob']> {
    return (await connection.lex.uploadBlob(...given)).body.blob
  },
  /** The address of a blob of somebody on this host, for `<img>`. */
  async blobUrl(did: string, blob: { ref: { toString(): string } }): Promise<string> {
    const url = new URL('/xrpc/com.atproto.sync.getBlob', await connection.address())
    url.search = new URLSearchParams({ did, cid: String(blob.ref) }).toString()
    return url.href
  },
  /** Several writes, of which all are done or none. */
  async applyWrites(...given: Parameters<Client['applyWrites']>) {
    return (await connection.lex.applyWrites(...given)).body
  },
})
