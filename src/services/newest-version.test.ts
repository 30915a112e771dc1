/** Which version is out is asked only where a setting says whom, and believed only if it is one. */
import { expect, test } from 'vitest'
import { isNewer } from '../kernel/version.ts'
import { NewestVersion } from './newest-version.ts'

const asking = (answer: () => Response, versionUrl: string | undefined = 'https://v.test/x') => {
  const asked: string[] = []
  const operator = async (url: string) => {
    asked.push(url)
    return answer()
  }
  return { asked, newest: new NewestVersion({ versionUrl }, { operator }) }
}

test('without the setting nobody is asked', async () => {
  const asked: string[] = []
  const operator = async (url: string) => {
    asked.push(url)
    return Response.json({ version: '9.9.9' })
  }
  const newest = new NewestVersion({ versionUrl: undefined }, { operator })
  expect([newest.isAsked, await newest.get(), asked]).toEqual([false, undefined, []])
})

test('an answer counts for hours', async () => {
  const { asked, newest } = asking(() => Response.json({ tag_name: 'v1.20.3', body: 'x' }))
  expect([await newest.get(), await newest.get()]).toEqual(['1.20.3', '1.20.3'])
  expect(asked).toEqual(['https://v.test/x'])
})

test.each([
  ['a page', () => new Response('<b>1.2.3</b>')],
  ['markup', () => Response.json({ version: '<b>1.2.3</b>' })],
  ['too much', () => Response.json({ version: '1.2.3', notes: 'x'.repeat(300_000) })],
  ['an error', () => Response.json({ version: '1.2.3' }, { status: 500 })],
])('%s is no version', async (_, answer) => {
  expect(await asking(answer).newest.get()).toBeUndefined()
})

test.each([
  ['1.10.0', '1.9.9', true],
  ['1.9.9', '1.10.0', false],
  ['1.2.3', '1.2.3', false],
  ['2.0.0', '1.9.9-beta', true],
])('%s after %s: %s', (one, other, newer) => {
  expect(isNewer(one, other)).toBe(newer)
})
