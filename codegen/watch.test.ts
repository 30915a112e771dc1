import { renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { onTestFinished, test } from 'vitest'
import type { GenerateResult } from './generate.ts'
import { guestBook, lexicon, listHandler, makeProject, put } from './testing/project.ts'
import { watchProject } from './watch.ts'
import type { Change } from './write.ts'

/** Watches a project; `until` waits for a run with the wanted result. */
function watching(root: string): {
  until: (wanted: (result: GenerateResult) => boolean) => Promise<void>
} {
  const results: GenerateResult[] = []
  let arrived = Promise.withResolvers<void>()
  const stop = new AbortController()
  onTestFinished(() => stop.abort())
  watchProject(
    root,
    (result) => {
      results.push(result)
      arrived.resolve()
    },
    stop.signal,
  )
  const next = async (): Promise<GenerateResult> => {
    for (;;) {
      const result = results.shift()
      if (result) return result
      await arrived.promise
      arrived = Promise.withResolvers()
    }
  }
  // One burst of changes may be seen as two.
  const until = async (wanted: (result: GenerateResult) => boolean): Promise<void> => {
    while (!wanted(await next()));
  }
  return { until }
}

const touches =
  (path: string, kind: Change['change']) =>
  ({ changes }: GenerateResult): boolean =>
    changes.some((change) => change.path === path && change.change === kind)

test('watching generates at once and after each change, survives mistakes, and follows new folders', async () => {
  const root = makeProject(guestBook)
  const { until } = watching(root)
  await until(touches('src/generated/routes.ts', 'added'))

  put(root, listHandler)
  await until(touches('src/generated/routes.ts', 'changed'))

  put(root, { 'lexicons/com/example/book/list.json': '{' })
  await until(({ diagnostics }) => diagnostics.length === 1)
  put(root, guestBook)
  await until(({ diagnostics }) => diagnostics.length === 0)

  const thing = 'src/generated/methods/org/new/folder/thing.ts'
  put(root, lexicon('org.new.folder.thing', { main: { type: 'query' } }))
  await until(touches(thing, 'added'))
  put(root, lexicon('org.new.folder.thing', { main: { type: 'procedure' } }))
  await until(touches(thing, 'changed'))

  const policy = "export const rules = [{ match: 'org.new.*', to: 'chat' }]\n"
  put(root, { 'src/routing/policy.ts': policy })
  await until(({ methods }) => methods.at(-1)?.route.to === 'proxy')

  rmSync(join(root, 'lexicons/org'), { recursive: true })
  await until(touches(thing, 'removed'))
})

test('a file that is saved by renaming another over it is seen, time and again', async () => {
  const root = makeProject(guestBook)
  const { until } = watching(root)
  await until(touches('src/generated/routes.ts', 'added'))
  const path = 'lexicons/com/example/book/sign.json'
  for (const type of ['query', 'procedure', 'query']) {
    const doc = { lexicon: 1, id: 'com.example.book.sign', defs: { main: { type } } }
    put(root, { 'lexicons/com/example/book/sign.json~': doc })
    renameSync(join(root, `${path}~`), join(root, path))
    await until(touches('src/generated/methods/com/example/book/sign.ts', 'changed'))
  }
})
