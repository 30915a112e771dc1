/**
 * Programs that operators of other hosts know: the requests of `pdsadmin`, as a server recorded them (curl 7.88), and
 * those of `goat pds admin`, as its client library makes them, sent again.
 */
import { request } from 'node:http'
import { AtpAgent } from '@atproto/api'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { operatorOf } from '../support/accounts.ts'
import { startPlc } from '../support/plc.ts'
import { startServer, type TestServer } from '../support/server.ts'

const HOST = 'pds.example.com'

let plc: Awaited<ReturnType<typeof startPlc>>
let server: TestServer
let authorization: string

beforeAll(async () => {
  plc = await startPlc()
  server = await startServer({
    env: { PDS_DID_PLC_URL: plc.url, PDS_DEV_MODE: 'false', PDS_REGISTRATION: 'closed' },
  })
  authorization = operatorOf(server)
})
afterAll(async () => {
  await server.stop()
  await plc.stop()
})

type Json = Record<string, unknown>

interface Tool {
  get(path: string, asOperator?: boolean): Promise<Json>
  post(path: string, body: string, asOperator?: boolean): Promise<Json>
}

/** Sends bytes as they were recorded, and no header more. */
function tool(headers: readonly string[]): Tool {
  const send = (method: string, path: string, extra: readonly string[], body = '') =>
    new Promise<Json>((resolve, reject) => {
      const url = new URL(path, server.origin)
      const rawHeaders = ['Host', HOST, ...extra, ...headers]
      const sent = request(url, { method, headers: rawHeaders as never }, async (response) => {
        const chunks: Buffer[] = []
        for await (const chunk of response) chunks.push(chunk as Buffer)
        const text = Buffer.concat(chunks).toString()
        if (response.statusCode === 200) resolve(text ? (JSON.parse(text) as Json) : {})
        else reject(new Error(`${path} answered ${response.statusCode}: ${text}`))
      })
      sent.on('error', reject)
      sent.end(body)
    })
  const operator = (isOperator: boolean) => (isOperator ? ['Authorization', authorization] : [])
  return {
    get: (path, asOperator = false) => send('GET', path, operator(asOperator)),
    post: (path, body, asOperator = false) =>
      send(
        'POST',
        path,
        [
          ...operator(asOperator),
          ...['Content-Type', 'application/json'],
          ...['Content-Length', String(Buffer.byteLength(body))],
        ],
        body,
      ),
  }
}

const isListed = async (curl: Tool, did: unknown) => {
  const { repos } = await curl.get('/xrpc/com.atproto.sync.listRepos?limit=100')
  return (repos as { did: string }[]).some((repo) => repo.did === did)
}

const signIn = (identifier: string, password: string) =>
  new AtpAgent({ service: server.origin }).login({ identifier, password })

test('pdsadmin lists, creates, takes down, restores, resets and deletes accounts, and makes invite codes', async () => {
  const curl = tool(['User-Agent', 'curl/7.88.1', 'Accept', '*/*'])
  const { code } = await curl.post(
    '/xrpc/com.atproto.server.createInviteCode',
    '{"useCount": 1}',
    true,
  )
  const { did } = await curl.post(
    '/xrpc/com.atproto.server.createAccount',
    `{"email":"carol@example.com", "handle":"carol.test", "password":"E8lMTVuPMe5Axcd65RgTI5tL", "inviteCode":"${code}"}`,
  )
  expect(did).toMatch(/^did:plc:/)
  const account = `/xrpc/com.atproto.admin.getAccountInfo?did=${did}`
  expect(await curl.get(account, true)).toMatchObject({
    handle: 'carol.test',
    email: 'carol@example.com',
    did,
  })
  await expect(curl.get(account)).rejects.toThrow('answered 401')

  const status = '/xrpc/com.atproto.admin.updateSubjectStatus'
  await curl.post(
    status,
    `    {\n      "subject": {\n        "$type": "com.atproto.admin.defs#repoRef",\n        "did": "${did}"\n      },\n      "takedown": {\n        "applied": true,\n        "ref": "1795704201"\n      }\n    }`,
    true,
  )
  const asked = curl.get(`/xrpc/com.atproto.repo.describeRepo?repo=${did}`)
  await expect(asked).rejects.toThrow('RepoTakendown')
  expect(await isListed(curl, did)).toBe(true)
  await curl.post(
    status,
    `  {\n    "subject": {\n      "$type": "com.atproto.admin.defs#repoRef",\n      "did": "${did}"\n    },\n    "takedown": {\n      "applied": false\n    }\n  }`,
    true,
  )
  await curl.get(`/xrpc/com.atproto.repo.describeRepo?repo=${did}`)

  await curl.post(
    '/xrpc/com.atproto.admin.updateAccountPassword',
    `{ "did": "${did}", "password": "Yfcom4ianxSWUCDivkPHMzqe" }`,
    true,
  )
  await expect(signIn('carol.test', 'E8lMTVuPMe5Axcd65RgTI5tL')).rejects.toThrow()
  await signIn('carol.test', 'Yfcom4ianxSWUCDivkPHMzqe')
  await curl.post('/xrpc/com.atproto.admin.deleteAccount', `{"did": "${did}"}`, true)
  expect(await isListed(curl, did)).toBe(false)
})

test('goat pds admin lists, creates, updates, takes down, restores, resets and deletes accounts', async () => {
  const goat = tool(['User-Agent', 'indigo-sdk', 'Accept', 'application/json'])
  const { code } = await goat.post(
    '/xrpc/com.atproto.server.createInviteCode',
    '{"useCount":1}',
    true,
  )
  const { did } = await goat.post(
    '/xrpc/com.atproto.server.createAccount',
    `{"email":"dan@example.com","handle":"dan.test","inviteCode":"${code}","password":"a first password"}`,
  )
  const listed = await goat.get('/xrpc/com.atproto.sync.listRepos?limit=500')
  expect(listed.repos).toContainEqual(expect.objectContaining({ did, active: true }))
  await goat.post(
    '/xrpc/com.atproto.admin.updateAccountEmail',
    `{"account":"${did}","email":"daniel@example.com"}`,
    true,
  )
  await goat.post(
    '/xrpc/com.atproto.admin.updateAccountHandle',
    `{"did":"${did}","handle":"daniel.test"}`,
    true,
  )
  const info = `/xrpc/com.atproto.admin.getAccountInfo?did=${encodeURIComponent(String(did))}`
  expect(await goat.get(info, true)).toMatchObject({
    handle: 'daniel.test',
    email: 'daniel@example.com',
  })
  const takedown = (applied: boolean) =>
    goat.post(
      '/xrpc/com.atproto.admin.updateSubjectStatus',
      `{"subject":{"$type":"com.atproto.admin.defs#repoRef","did":"${did}"},"takedown":{"applied":${applied}}}`,
      true,
    )
  const shown = () => goat.get(`/xrpc/com.atproto.sync.getRepoStatus?did=${did}`)
  await takedown(true)
  expect(await shown()).toMatchObject({ active: false, status: 'takendown' })
  await takedown(false)
  expect(await shown()).toMatchObject({ active: true })
  await goat.post(
    '/xrpc/com.atproto.admin.updateAccountPassword',
    `{"did":"${did}","password":"AVERYRANDOMPASSWORDOF26CHA"}`,
    true,
  )
  await signIn('daniel.test', 'AVERYRANDOMPASSWORDOF26CHA')
  await goat.post('/xrpc/com.atproto.admin.deleteAccount', `{"did":"${did}"}`, true)
  await expect(shown()).rejects.toThrow('RepoNotFound')
})
