/** The methods of this host by NSID. The generated tree says once, before the first request, what they are. */
import { ProjectFileError } from '../../kernel/project-files.ts'
import type { AnyDefinition } from './define.ts'
import type { GeneratedRoute } from './route.ts'

/** Every method of every lexicon. */
export type Routes = Readonly<Record<string, GeneratedRoute>>

let current: Routes = {}

/** What was loaded, by what loads it. */
const loaded = new WeakMap<() => unknown, AnyDefinition>()

/** Says what the methods are: the entry of the program does, and the set-up of tests. */
export function useRoutes(routes: Routes): void {
  current = routes
}

/** All of them. */
export const allRoutes = (): Routes => current

/** What a method is and where it goes; undefined where no lexicon of the tree has it. */
export const routeOf = (nsid: string): GeneratedRoute | undefined =>
  Object.hasOwn(current, nsid) ? current[nsid] : undefined

/** @throws ProjectFileError the file of the handler cannot be loaded: others answer */
export async function loadHandler(
  nsid: string,
  { load }: Pick<Extract<GeneratedRoute, { to: 'local' }>, 'load'>,
): Promise<AnyDefinition> {
  const known = loaded.get(load)
  if (known) return known
  const file = `src/handlers/${nsid.replaceAll('.', '/')}.ts`
  const { default: definition } = await load().catch((error: unknown) => {
    throw new ProjectFileError(file, error)
  })
  loaded.set(load, definition)
  return definition
}
