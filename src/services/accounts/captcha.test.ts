import { describe, expect, test, vi } from 'vitest'
import { assertCaptcha } from './captcha.ts'

const keys = { siteKey: 'site', secretKey: 'secret', tokenSalt: 'salt' }
const client = { address: '192.0.2.7', handle: 'alice.test', userAgent: 'Mozilla' }

const ask = (
  answer: () => Response | Promise<Response>,
  { token = 'solved' as string | undefined, isOn = true } = {},
) => {
  const fetch = vi.fn(async (_url: string, _init: RequestInit) => answer())
  const verifier = {
    keys: isOn ? keys : undefined,
    verifyUrl: 'https://captcha.example/verify',
    fetch,
  }
  return { fetch, done: assertCaptcha(verifier, token, client) }
}

describe('a captcha', () => {
  test('is verified with the keys, and with nothing of the client in the clear but its address', async () => {
    const { fetch, done } = ask(() => Response.json({ success: true }))
    await done
    const [url, init] = fetch.mock.calls[0] ?? []
    expect(url).toBe('https://captcha.example/verify')
    const sent = new URLSearchParams(String(init?.body))
    expect(Object.fromEntries(sent)).toMatchObject({
      secret: 'secret',
      sitekey: 'site',
      response: 'solved',
      remoteip: '192.0.2.7',
    })
    expect(sent.get('client_tokens')).not.toMatch(/alice|Mozilla|192/)
  })

  test('that is missing, wrong or answered with something else lets nobody in', async () => {
    const refused = { statusCode: 400, customErrorName: 'InvalidCaptcha' }
    const missing = ask(() => Response.json({ success: true }), { token: '' })
    await expect(missing.done).rejects.toMatchObject(refused)
    expect(missing.fetch).not.toHaveBeenCalled()
    const long = ask(() => Response.json({ success: true }), { token: 'x'.repeat(20_000) })
    await expect(long.done).rejects.toMatchObject(refused)
    for (const answer of [{ success: false }, { success: 'true' }, {}, null, [true]]) {
      await expect(ask(() => Response.json(answer)).done).rejects.toMatchObject(refused)
    }
  })

  test('that cannot be verified lets nobody in either, and says so', async () => {
    const failure = { statusCode: 502, customErrorName: 'UpstreamFailure' }
    await expect(ask(() => new Response('', { status: 500 })).done).rejects.toMatchObject(failure)
    await expect(ask(() => new Response('no JSON')).done).rejects.toMatchObject(failure)
    await expect(ask(() => Promise.reject(new TypeError('no route'))).done).rejects.toMatchObject(
      failure,
    )
  })

  test('is asked for only where there are keys', async () => {
    const { fetch, done } = ask(() => Response.json({}), { token: '', isOn: false })
    await done
    expect(fetch).not.toHaveBeenCalled()
  })
})
