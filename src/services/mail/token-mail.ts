/** What the mails say that carry a token: plain text, and the same as simple HTML without remote content. */
import type { Mail } from '../../kernel/mail.ts'
import { TOKEN_LIFETIME, type TokenPurpose } from '../../storage/directory/email-tokens.ts'
import { document, escapeHtml, paragraph } from './html.ts'

interface TokenMail {
  hostname: string
  handle: string
  from: string
  to: string
  token: string
}

interface Wording {
  subject: string
  /** What was asked for, as the end of "Somebody asked". */
  asked: string
  /** What becomes of it unless the token is entered. */
  otherwise: string
}

const wordings: Record<TokenPurpose, Wording> = {
  confirm_email: {
    subject: 'Confirm your email address',
    asked: 'to confirm that this is the email address of',
    otherwise: 'the address stays unconfirmed',
  },
  update_email: {
    subject: 'Change your email address',
    asked: 'to change the email address of',
    otherwise: 'the address stays as it is',
  },
  reset_password: {
    subject: 'Reset your password',
    asked: 'for a new password of',
    otherwise: 'the password stays as it is',
  },
  delete_account: {
    subject: 'Delete your account',
    asked: 'to delete, for good, the account',
    otherwise: 'the account stays as it is',
  },
  plc_operation: {
    subject: 'Change your identity',
    asked: 'for a signature on a change of the identity (DID) of',
    otherwise: 'the identity stays as it is',
  },
  sign_in: {
    subject: 'Sign in',
    asked: 'for a code to sign in, with your password, as',
    otherwise: 'nobody signs in. But somebody knows your password: change it',
  },
}

/** The mail that carries a token for this purpose. */
export function composeTokenMail(purpose: TokenPurpose, mail: TokenMail): Mail {
  const { hostname, handle, from, to, token } = mail
  const { subject, asked, otherwise } = wordings[purpose]
  const minutes = TOKEN_LIFETIME / 60_000
  const before = `Somebody asked ${hostname} ${asked} @${handle}. If it was you, enter this code:`
  const after = `It works once, within ${minutes} minutes. Give it to nobody.`
  const ifNot = `If it was not you, do nothing: without the code, ${otherwise}.`
  return {
    from,
    to,
    subject: `${subject} on ${hostname}`,
    text: `${before}\n\n    ${token}\n\n${after}\n\n${ifNot}\n`,
    html: document(
      paragraph(before),
      `<p style="font:bold 1.5em monospace">${escapeHtml(token)}</p>`,
      paragraph(after),
      paragraph(ifNot),
    ),
  }
}
