import { describe, expect, test } from 'vitest'
import { composeNoticeMail, type Notice } from './notice-mail.ts'

const frame = {
  hostname: 'pds.example.com',
  settingsUrl: 'https://pds.example.com/settings',
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
  { kind: 'password changed', passkeys: 0, appPasswords: [] },
]

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
    'Still good for signing in: 2 passkeys; app passwords: “phone”, “tablet”. Remove what is not yours.',
  )
})

test('what somebody typed is one short line, and no markup', () => {
  const name = `<script>alert(1)</script>\n\nSubject: x\r\n\u202e{handle}${'a'.repeat(500)}`
  const { text, html } = composeNoticeMail({ kind: 'passkey added', name }, frame)
  expect(text.split('\n\n')).toHaveLength(2)
  expect(text).not.toMatch(/[\r\u202e]/)
  expect(text.length).toBeLessThan(500)
  expect(html).not.toContain('<script>')
  // The name of the account stands where it belongs, and not where somebody wrote its place.
  expect(text.match(/@alice\.example\.com/g)).toHaveLength(1)
})
