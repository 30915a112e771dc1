import { createExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { beforeEach, expect, test } from 'vitest'
import { tree } from '../../generated/tree.ts'
import { readConfig } from '../../kernel/config/config.ts'
import { useRoutes } from '../../server/xrpc/routes.ts'
import { site } from '../site.ts'
import { indexPage } from './index-page.ts'
import { lexiconPage } from './lexicon-page.ts'
import { documentedLexicons, useDocs } from './source.ts'

const services = { config: readConfig({ ...env }) }

beforeEach(() => {
  useRoutes(tree.routes)
  useDocs(tree.docs)
})

async function pageOf(nsid: string): Promise<string> {
  const lexicons = await documentedLexicons()
  const lexicon = lexicons.get(nsid)
  if (!lexicon) throw new Error(`no page for ${nsid}`)
  return String(await lexiconPage(lexicon, lexicons, services))
}

test('every lexicon of the tree has a page of no great size, and each link on it leads to another', async () => {
  const lexicons = await documentedLexicons()
  expect(lexicons.size).toBeGreaterThan(380)
  for (const nsid of lexicons.keys()) {
    const text = await pageOf(nsid)
    expect(text.length).toBeLessThan(100_000)
    for (const [, target = ''] of text.matchAll(/href="\/docs\/([^"#]+)/g)) {
      expect([nsid, target, lexicons.has(target)]).toEqual([nsid, target, true])
    }
  }
})

test('what somebody writes into a lexicon is text on its page, and in the list', async () => {
  const evil = `</code><img src=x onerror=alert(1)>"'`
  const defs = {
    main: {
      type: 'query',
      description: evil,
      parameters: {
        type: 'params',
        properties: { a: { type: 'string', description: evil, default: evil } },
      },
      output: { encoding: evil, schema: { type: 'ref', ref: `${evil}#${evil}` } },
      errors: [{ name: evil, description: evil }],
    },
    [evil]: { type: 'string', knownValues: [evil] },
  }
  const line = `com.example.evil ${JSON.stringify(defs)}`
  useDocs([async () => ({ default: `a banner\n${line}\n` })])
  const shown = [await pageOf('com.example.evil')]
  shown.push(
    String(await indexPage(await documentedLexicons(), { words: evil, kind: evil }, services)),
  )
  shown.push(String(await indexPage(await documentedLexicons(), { words: '', kind: '' }, services)))
  for (const text of shown) {
    expect(text).not.toContain('<img')
    expect(text).not.toMatch(/=("[^"]*)?'"?>/)
  }
  expect(shown[0]).toContain('&lt;img src=x')
})

test("a project's own lexicon counts where the package has one by the same name", async () => {
  const of = (text: string) => async () => ({ default: `a banner\n${text}\n` })
  useDocs([of('com.example.a {}'), of('com.example.b {}\ncom.example.a {"main":{"type":"token"}}')])
  const lexicons = await documentedLexicons()
  expect([...lexicons.keys()]).toEqual(['com.example.a', 'com.example.b'])
  expect(lexicons.get('com.example.a')?.defs.main?.type).toBe('token')
})

test('there are no such pages unless the operator says so, or it is development', async () => {
  expect(readConfig({ ...env, PDS_DEV_MODE: undefined }).docs).toBe(false)
  expect(readConfig({ ...env, PDS_DEV_MODE: undefined, PDS_DOCS: 'true' }).docs).toBe(true)
  expect(readConfig({ ...env, PDS_DOCS: 'false' }).docs).toBe(false)
  const answer = async (path: string, isOn: boolean) => {
    const config = { ...services.config, docs: isOn }
    const request = new Request(`http://localhost${path}`)
    const bindings = { services: { ...services, config } } as never
    return (await site.fetch(request, bindings, createExecutionContext())).status
  }
  for (const path of ['/docs', '/docs/docs.js', '/docs/com.atproto.repo.getRecord']) {
    expect([path, await answer(path, true), await answer(path, false)]).toEqual([path, 200, 404])
  }
})
