/** What `cumulus init` takes for an answer, where nobody can be asked. */
import { expect, test } from 'vitest'
import { Prompts } from '../terminal/prompts.ts'
import { askAll, type Given } from './questions.ts'

const HOST: Given = { hostname: 'pds.example.com', first: 'alice.pds.example.com' }

const ask = (given: Given, before: Record<string, string> = {}) =>
  askAll(given, () => before, new Prompts({ yes: true }))

test.each<[Given, string]>([
  [{ hostname: 'pds.example.com.' }, 'without the dot at its end'],
  [{ hostname: 'pds.exämple.com' }, 'write it as pds.xn--exmple-cua.com'],
  [{ hostname: 'co.uk' }, 'a domain under which names are registered'],
  [{ hostname: 'home.local' }, 'a name that nobody else can reach'],
  [{ hostname: '192.168.1.4' }, 'not the name of a host'],
  [{ hostname: 'pds.example.com\u001b[2J' }, 'not the name of a host'],
  [{ ...HOST, handles: '.co.uk' }, 'a domain under which names are registered'],
  [{ ...HOST, handles: ' , ' }, 'a dot in front'],
  [
    { ...HOST, first: 'alice.elsewhere.org' },
    'no handle of this host: they end in .pds.example.com',
  ],
  [{ ...HOST, first: 'a.b.pds.example.com' }, 'one name in front of .pds.example.com'],
  [{ ...HOST, data: 'a\nb' }, 'a line break'],
  [{ ...HOST, data: '/' }, 'other things in it'],
  [{ ...HOST, mail: `smtp://u:it's"$x@mail.example.com` }, '--mail: has characters'],
  [{ ...HOST, contact: 'alice' }, 'no e-mail address'],
])('%j is refused', async (given, message) => {
  await expect(ask(given)).rejects.toThrow(message)
})

test('a default that a file has and that makes no sense is refused as well', async () => {
  await expect(ask({}, { PDS_HOSTNAME: 'https://pds.example.com' })).rejects.toThrow(
    '--hostname: what is set now (https://pds.example.com) is only the name',
  )
})

test.each([
  ['pds.example.co.uk', '.example.co.uk'],
  ['pds.example.com', '.example.com'],
  ['a.b.example.com.au', '.example.com.au'],
])(
  'handles of %s on Cloudflare are those that the free certificate covers: %s',
  async (hostname, domain) => {
    expect(await ask({ target: 'cloudflare', hostname })).toMatchObject({ handleDomains: domain })
  },
)
