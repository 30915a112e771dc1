/** Who may read `/metrics`. Here every request is that of a proxy: which one is direct is tried on `isDirect`. */
import { env } from 'cloudflare:workers'
import { afterEach, describe, expect, test } from 'vitest'
import { servicesOf } from '../../context/services.ts'
import { basic, makeAccount, outcome, send } from '../../testing/host.ts'
import { makeOperator } from '../../testing/operator.ts'
import { isDirect } from './access.ts'

const TOKEN = 'a-token-for-prometheus-alone'
const config = servicesOf(env).config as { metricsToken: string | undefined }

afterEach(() => {
  config.metricsToken = undefined
})

const read = (authorization?: string) =>
  send('/metrics', { headers: authorization === undefined ? {} : { authorization } })

describe('with credentials', () => {
  test('the operator reads gauges of this host, and scripts of other origins do not', async () => {
    const response = await read(basic('admin', 'test admin password'))
    expect(response.status).toBe(200)
    expect(response.headers.get('access-control-allow-origin')).toBeNull()
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
    const text = await response.text()
    for (const part of ['firehose', 'mail', 'machine', 'accounts'])
      expect(text).toContain(`cumulus_up{part="${part}"} 1\n`)
    expect(text).toContain('\ncumulus_mail_waiting 0\n')
    // Of one isolate of many, where there is no machine that it runs on.
    expect(text).not.toContain('cumulus_requests')
  })

  test('so does an account with the role, by a session with a factor', async () => {
    const operator = await makeOperator()
    expect((await read(`Bearer ${operator.accessJwt}`)).status).toBe(200)
    expect((await read(`Bearer ${operator.weakJwt}`)).status).toBe(401)
  })

  test('and whoever has the token, once there is one', async () => {
    expect((await read(`Bearer ${TOKEN}`)).status).toBeGreaterThanOrEqual(400)
    config.metricsToken = TOKEN
    expect((await read(`bearer ${TOKEN}`)).status).toBe(200)
    for (const wrong of [`${TOKEN}.`, TOKEN.slice(1), TOKEN.toUpperCase()])
      expect((await read(`Bearer ${wrong}`)).status).toBeGreaterThanOrEqual(400)
  })

  test('which opens nothing else', async () => {
    config.metricsToken = TOKEN
    for (const authorization of [`Bearer ${TOKEN}`, basic('admin', TOKEN)]) {
      const response = await send('/xrpc/com.atproto.admin.getInviteCodes', {
        headers: { authorization },
      })
      expect(response.status).toBeGreaterThanOrEqual(400)
    }
  })

  test('nobody else does', async () => {
    const { accessJwt } = await makeAccount()
    expect(await outcome(await read())).toEqual({ status: 401, error: 'AuthMissing' })
    expect((await read(`Bearer ${accessJwt}`)).status).toBe(401)
    expect((await read(basic('admin', 'another password'))).status).toBe(401)
  })
})

describe('without credentials', () => {
  const request = (url: string, cf: object, headers: Record<string, string> = {}) =>
    ({ url, cf, headers: new Headers(headers) }) as unknown as Request
  const LOCAL = 'http://localhost:2583/metrics'

  test.each([
    [LOCAL, '127.0.0.1:4711'],
    ['http://127.0.0.1:2583/metrics', '127.0.0.1:4711'],
    ['http://[::1]:2583/metrics', '[::1]:4711'],
    [LOCAL, '[::ffff:127.0.0.1]:4711'],
  ])('a program on this machine: %s from %s', (url, clientIp) => {
    expect(isDirect(request(url, { clientIp }))).toBe(true)
  })

  test.each([
    ['from another machine', LOCAL, { clientIp: '192.168.1.2:4711' }],
    ['from nobody knows where', LOCAL, {}],
    ['from what is no address', LOCAL, { clientIp: 'unix:127.0.0.1' }],
    ['on Cloudflare', LOCAL, { clientIp: '127.0.0.1:1', colo: 'AMS' }],
    [
      'by the public name, as a tunnel passes it on',
      'http://pds.example.com/metrics',
      { clientIp: '127.0.0.1:1' },
    ],
    ['by a name that was rebound', 'http://evil.example:2583/metrics', { clientIp: '127.0.0.1:1' }],
    ['by a handle', 'http://alice.test:2583/metrics', { clientIp: '127.0.0.1:1' }],
  ])('not %s', (_, url, cf) => {
    expect(isDirect(request(url, cf))).toBe(false)
  })

  test.each([
    'X-Forwarded-For',
    'X-Forwarded-Proto',
    'X-Forwarded-Host',
    'Forwarded',
    'Via',
    'X-Real-IP',
    'True-Client-IP',
    'CF-Connecting-IP',
    'CF-Ray',
    'CDN-Loop',
  ])('not through what adds %s', (name) => {
    const direct = { clientIp: '127.0.0.1:4711' }
    expect(isDirect(request(LOCAL, direct, { [name]: '' }))).toBe(false)
  })
})
