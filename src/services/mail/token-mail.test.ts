import { expect, test } from 'vitest'
import { readBranding } from '../../kernel/config/branding.ts'
import type { TokenPurpose } from '../../storage/directory/email-tokens.ts'
import { languages } from '../../testing/languages.ts'
import { composeTokenMail } from './token-mail.ts'

const PURPOSES: TokenPurpose[] = [
  'confirm_email',
  'update_email',
  'reset_password',
  'delete_account',
  'plc_operation',
]
const compose = (purpose: TokenPurpose, handle = 'alice.test') =>
  composeTokenMail(purpose, {
    config: {
      hostname: 'pds.example',
      publicUrl: 'https://pds.example',
      branding: readBranding({}, { hostname: 'pds.example', contactEmail: undefined }),
    },
    strings: languages.en,
    handle,
    from: 'noreply@pds.example',
    to: 'alice@example.com',
    token: 'ABCDE-FGHIJ',
  })

test.each(PURPOSES)(
  'the mail for %s says where, whose, what code and how long it lasts',
  (purpose) => {
    const { subject, text, html } = compose(purpose)
    expect(subject).toContain('pds.example')
    for (const body of [text, html]) {
      for (const part of [
        'pds.example',
        '@alice.test',
        'ABCDE-FGHIJ',
        '15 minutes',
        'If it was not you',
      ])
        expect(body).toContain(part)
    }
  },
)

test('each purpose has a subject of its own', () => {
  expect(new Set(PURPOSES.map((purpose) => compose(purpose).subject)).size).toBe(PURPOSES.length)
})

test('what comes from outside is escaped in HTML', () => {
  const { html } = compose('reset_password', `<img src="x" onerror='y'>&`)
  expect(html).toContain('@&lt;img src=&quot;x&quot; onerror=&#39;y&#39;&gt;&amp;')
  expect(html).not.toContain('<img')
})
