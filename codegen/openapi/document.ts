/** An OpenAPI 3.1 document of methods and records. Pure: the same tree and handlers give the same bytes. */
import { type Access, accessOfForwarded } from '../../src/server/access.ts'
import { closure, defTable } from '../closure.ts'
import type { Lexicon } from '../load.ts'
import { isMethod, type Method } from '../methods.ts'
import { byCodeUnits } from '../tree.ts'
import { commonResponses, errorResponses, errorSchemas } from './errors.ts'
import { componentOf, dataModel, type Json, jsonSchema } from './schema.ts'
import { securityOf, securitySchemes } from './security.ts'

export interface DocumentOptions {
  title: string
  version: string
  /** The address of the host. */
  server: string
  /** How often a network may call a method, in requests for a window of ms. */
  networkLimit(nsid: string): { limit: number; window: number }
}

interface Body {
  encoding: string
  schema?: unknown
  description?: string
}

/**
 * @param chosen lexicons of the document
 * @param lexicons all, for what those refer to
 * @param access of methods with a handler, as far as it is known
 */
export function openApiDocument(
  chosen: readonly Lexicon[],
  lexicons: readonly Lexicon[],
  methods: readonly Method[],
  access: ReadonlyMap<string, Access>,
  options: DocumentOptions,
): Json {
  const names = new Set(chosen.map(({ nsid }) => nsid))
  const served = methods.filter(({ nsid, route }) => names.has(nsid) && route.to !== 'refuse')
  const accessFor = ({ nsid, route }: Method) =>
    route.to === 'proxy' ? accessOfForwarded(nsid) : access.get(nsid)
  const scopes = served.flatMap((method) => {
    const { oauth = [] } = accessFor(method) ?? {}
    return oauth === 'varies' ? [] : oauth
  })
  return {
    openapi: '3.1.0',
    info: { title: options.title, version: options.version },
    servers: [{ url: options.server }],
    tags: [...new Set(served.map(({ nsid }) => tagOf(nsid)))]
      .sort(byCodeUnits)
      .map((name) => ({ name })),
    paths: Object.fromEntries(
      served.map((method) => [
        `/xrpc/${method.nsid}`,
        {
          [method.def.type === 'procedure' ? 'post' : 'get']: operation(
            method,
            accessFor(method),
            options,
          ),
        },
      ]),
    ),
    components: {
      schemas: { ...errorSchemas, ...dataModel, ...definitions(chosen, lexicons) },
      responses: commonResponses(),
      securitySchemes: securitySchemes([...new Set(scopes)].sort(byCodeUnits)),
    },
  }
}

const tagOf = (nsid: string): string => nsid.slice(0, nsid.lastIndexOf('.'))

/** Everything in the chosen lexicons, and what it refers to; what only a method has is at the method. */
function definitions(chosen: readonly Lexicon[], lexicons: readonly Lexicon[]): Json {
  const table = defTable(lexicons)
  const roots = chosen.flatMap(({ nsid, doc }) =>
    Object.keys(doc.defs).map((name) => `${nsid}#${name}`),
  )
  const schemas = [...closure(roots, table)].sort(byCodeUnits).flatMap((id) => {
    const entry = table.get(id)
    if (!entry || !isSchema(entry.def.type)) return []
    return [[componentOf(id), jsonSchema(entry.def, entry.nsid, entry.name)]]
  })
  return Object.fromEntries(schemas)
}

const isSchema = (type = ''): boolean =>
  !isMethod({ type }) && type !== 'permission-set' && type !== 'permission'

function operation(method: Method, access: Access | undefined, options: DocumentOptions): Json {
  const { nsid, def, route } = method
  const { networkLimit } = options
  const limits = [{ ...networkLimit(nsid), by: 'network' }, ...(access?.limits ?? [])]
  return {
    operationId: nsid,
    tags: [tagOf(nsid)],
    ...(def.description && { description: def.description }),
    ...(def.parameters && { parameters: parameters(def.parameters, nsid) }),
    ...(def.type === 'procedure' && def.input && { requestBody: requestBody(def.input, nsid) }),
    responses: {
      ...(def.type === 'subscription'
        ? stream(def.message?.schema, nsid)
        : answer(def.output, nsid)),
      ...errorResponses(method, access),
    },
    ...(access && { security: securityOf(access) }),
    'x-route': route.to === 'proxy' ? { to: 'proxy', service: route.service } : { to: route.to },
    ...(access?.oauth === 'varies' && { 'x-scopes': 'depends on what is asked for' }),
    ...(access?.maxBody !== undefined && { 'x-maxBodyBytes': access.maxBody }),
    'x-ratelimit': limits.map(({ limit, window, by }) => ({
      limit,
      windowSeconds: window / 1000,
      by,
    })),
  }
}

function parameters(params: { required?: string[]; properties: object }, nsid: string): Json[] {
  return Object.entries(params.properties).map(([name, property]) => {
    const { description, ...schema } = jsonSchema(property, nsid)
    return {
      name,
      in: 'query',
      ...(description !== undefined && { description }),
      required: params.required?.includes(name) ?? false,
      // Of a list, each value is a parameter of its own, which is what OpenAPI does unless it is told otherwise.
      schema,
    }
  })
}

const requestBody = (body: Body, nsid: string): Json => ({
  ...(body.description && { description: body.description }),
  required: true,
  content: content(body, nsid),
})

const content = ({ encoding, schema }: Body, nsid: string): Json => ({
  // Bytes: OpenAPI 3.1 has no schema for what is not JSON.
  [encoding]: schema ? { schema: jsonSchema(schema, nsid) } : {},
})

const answer = (output: Body | undefined, nsid: string): Json => ({
  200: {
    description: output?.description || (output ? 'The answer.' : 'Done; the body is empty.'),
    ...(output && { content: content(output, nsid) }),
  },
})

const stream = (message: unknown, nsid: string): Json => ({
  101: {
    description: 'A WebSocket with frames of CBOR (event stream specification).',
    ...(message !== undefined && { 'x-message': jsonSchema(message, nsid) }),
  },
})
