import { describe, expect, test } from 'vitest'
import { readBranding } from '../../kernel/config/branding.ts'
import { languages } from '../../testing/languages.ts'
import { composeNoticeMail, type Notice } from './notice-mail.ts'

const settings = { hostname: 'pds.example.com', contactEmail: 'help@pds.example.com' }
const frame = {
  config: {
    ...settings,
    publicUrl: 'https://pds.example.com',
    branding: readBranding({}, settings),
  },
  strings: languages.en,
  at: Date.parse('2026-11-26T14:03:00Z'),
  handle: 'alice.example.com',
  from: 'noreply@pds.example.com',
  to: 'alice@example.org',
}

const notices: Notice[] = [
  { kind: 'passkey added', name: 'phone' },
  { kind: 'app password added', name: 'app' },
  { kind: 'authenticator app on' },
  { kind: 'authenticator app off' },
  { kind: 'codes by mail off' },
  { kind: 'codes by mail on' },
  { kind: 'passkey removed' },
  { kind: 'email changed', to: 'new@example.org' },
  { kind: 'recovery codes made' },
  { kind: 'new browser', userAgent: 'Firefox' },
  { kind: 'new browser', userAgent: null },
  { kind: 'app sign-in', userAgent: 'Bluesky/1.99' },
  { kind: 'password changed', passkeys: 0, appPasswords: [] },
  { kind: 'recovery key added', key: 'did:key:zQ3sh' },
  { kind: 'identity change signed' },
  { kind: 'data downloaded' },
]

const byTheHost: Notice[] = [{ kind: 'account taken down' }, { kind: 'account restored' }]

describe.each(notices)('a notice: $kind', (notice) => {
  test('says of which account and where, and what to do if it was somebody else', () => {
    const { subject, text, html } = composeNoticeMail(notice, frame)
    expect(subject).toMatch(/ on pds\.example\.com$/)
    for (const body of [text, html]) {
      expect(body).toContain('https://pds.example.com/settings')
      expect(body).not.toContain('{handle}')
    }
    expect(text).toContain('@alice.example.com')
  })
})

test('a new password leaves passkeys and app passwords, which are named', () => {
  const { text } = composeNoticeMail(
    { kind: 'password changed', passkeys: 2, appPasswords: ['phone', 'tablet'] },
    frame,
  )
  expect(text).toContain(
    'Still good for signing in: passkeys: 2; app passwords: “phone”, “tablet”. Remove what is not yours.',
  )
})

test('what somebody typed is one short line, and no markup', () => {
  const name = `<script>alert(1)</script>\n\nSubject: x\r\n\u202e{handle}${'a'.repeat(500)}`
  const { text, html } = composeNoticeMail({ kind: 'passkey added', name }, frame)
  expect(text.split('\n\n')).toHaveLength(4)
  expect(text).not.toMatch(/[\r\u202e]/)
  expect(text.length).toBeLessThan(500)
  expect(html).not.toContain('<script>')
  // The name of the account stands where it belongs, and not where somebody wrote its place.
  expect(text.match(/@alice\.example\.com/g)).toHaveLength(1)
})

test.each(byTheHost)('that the host did it is no reason for a new password: $kind', (notice) => {
  const { text } = composeNoticeMail(notice, frame)
  expect(text).toContain('@alice.example.com')
  expect(text).not.toContain('change your password')
  expect(text).toContain('Questions? help@pds.example.com')
})

describe.each(Object.values(languages))('in $tag', (strings) => {
  test('nothing is left open', () => {
    for (const notice of [...notices, ...byTheHost]) {
      const mail = { ...frame, strings, turnOffUrl: 'https://pds.example.com/off' }
      const { subject, text, html } = composeNoticeMail(notice, mail)
      for (const said of [subject, text, html]) expect(said).not.toMatch(/\{\w+\}/)
      expect(subject).toContain('pds.example.com')
      expect(html).toContain(`<html lang="${strings.tag}">`)
      expect(text).toContain('UTC')
    }
  })
})

test('the name of the host, its logo and its colour are there, and no markup of theirs', () => {
  const branding = readBranding(
    {
      PDS_SERVICE_NAME: 'Sky <b>& Sons',
      PDS_LOGO_URL: 'https://cdn.example.com/a.png?x=1&y=2',
      PDS_PRIMARY_COLOR: '#00aa66',
    },
    settings,
  )
  const config = { ...frame.config, branding }
  const { subject, html, text } = composeNoticeMail(
    { kind: 'passkey removed' },
    { ...frame, config },
  )
  expect(subject).toBe('A passkey was removed on Sky <b>& Sons')
  expect(html).toContain('Sky &lt;b&gt;&amp; Sons (pds.example.com)')
  expect(html).toContain('src="https://cdn.example.com/a.png?x=1&amp;y=2"')
  expect(html).toContain('#00aa66')
  expect(text).toContain('Sky <b>& Sons (pds.example.com)')
})
