/** Methods of lexicons that are not in the tree, for tests that run inside workerd. */
import type { LexiconDoc } from '@atproto/lexicon'
import { routes } from '../generated/routes.ts'
import { schemas } from '../generated/schemas.ts'
import { useSchemas } from '../kernel/lexicons.ts'
import type { AnyDefinition } from '../server/xrpc/define.ts'
import type { GeneratedRoute } from '../server/xrpc/route.ts'
import { useRoutes } from '../server/xrpc/routes.ts'
import { send } from './host.ts'

/** One method: its main definition and others, and its handler; without one it is not served here. */
export interface OwnMethod {
  defs: object
  definition?: AnyDefinition
}

/** Adds methods by NSID to those of the tree. */
export async function useMethods(methods: Readonly<Record<string, OwnMethod>>): Promise<void> {
  // The Worker registers those of its tree when it is first asked for something.
  await send('/xrpc/_health')
  const entries = Object.entries(methods)
  const docs = entries.map(([id, { defs }]) => [
    id,
    () => structuredClone({ lexicon: 1, id, defs }) as LexiconDoc,
  ])
  useSchemas({ ...schemas, ...Object.fromEntries(docs) })
  const own = entries.map(([nsid, { defs, definition }]): [string, GeneratedRoute] => {
    const { kind } = { kind: (defs as { main: { type: GeneratedRoute['kind'] } }).main.type }
    return definition
      ? [nsid, { kind, to: 'local', load: async () => ({ default: definition }) }]
      : [nsid, { kind, to: 'refuse' }]
  })
  useRoutes({ ...routes, ...Object.fromEntries(own) })
}
