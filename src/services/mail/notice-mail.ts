/** Mails that tell an owner what has changed about who may sign in, should it have been somebody else. */

import type { Mail } from '../../kernel/mail.ts'
import { plainLine } from '../../kernel/typed-text.ts'
import { document, paragraph } from './html.ts'

/** What has happened. Names and user agents are what somebody typed or sent. */
export type Notice =
  | { kind: 'passkey added'; name: string }
  | { kind: 'passkey removed' }
  | { kind: 'email changed'; to: string }
  | { kind: 'app password added'; name: string }
  | { kind: 'authenticator app on' }
  | { kind: 'authenticator app off' }
  | { kind: 'codes by mail on' }
  | { kind: 'codes by mail off' }
  | { kind: 'recovery codes made' }
  | { kind: 'recovery key added' }
  | { kind: 'new browser'; userAgent: string | null }
  | { kind: 'password changed'; passkeys: number; appPasswords: readonly string[] }

export interface NoticeMail {
  hostname: string
  /** Where the account page is. */
  settingsUrl: string
  handle: string
  from: string
  to: string
}

/** Characters of a name or user agent in a mail. */
const MAX_QUOTED = 100

export function composeNoticeMail(notice: Notice, mail: NoticeMail): Mail {
  const { hostname, settingsUrl, handle, from, to } = mail
  const { subject, said } = wordingOf(notice)
  const parts = [
    ...said.map((line) => line.replace('{handle}', `@${handle}`)),
    `If it was you, there is nothing to do. If not, change your password, and remove what is not yours at ${settingsUrl}.`,
  ]
  return {
    from,
    to,
    subject: `${subject} on ${hostname}`,
    text: `${parts.join('\n\n')}\n`,
    html: document(...parts.map(paragraph)),
  }
}

function wordingOf(notice: Notice): { subject: string; said: string[] } {
  switch (notice.kind) {
    case 'passkey added': {
      const said = `A passkey was added to {handle}, named ${quoted(notice.name)}. Whoever has it can sign in.`
      return { subject: 'A passkey was added', said: [said] }
    }
    case 'app password added': {
      const said = `An app password was made for {handle}, named ${quoted(notice.name)}.`
      return { subject: 'An app password was made', said: [said] }
    }
    case 'authenticator app on':
      return changed('An authenticator app was set up for {handle}: signing in takes its codes.')
    case 'authenticator app off':
      return changed(
        'The authenticator app of {handle} was switched off: no codes of it are asked for.',
      )
    case 'passkey removed':
      return changed('A passkey of {handle} was removed.')
    case 'codes by mail on':
      return changed('Codes by mail were switched on for {handle}.')
    case 'email changed': {
      const said = `The email address of {handle} was changed to ${quoted(notice.to)}. This one is not used any more.`
      return { subject: 'Your email address was changed', said: [said] }
    }
    case 'codes by mail off':
      return changed('Codes by mail were switched off for {handle}.')
    case 'recovery codes made':
      return changed('New recovery codes were made for {handle}; those before work no more.')
    case 'recovery key added': {
      const said =
        'A recovery key was added to the identity of {handle}. Whoever has it can take the account to another host: ' +
        'if it was not you, tell the operator of this host at once.'
      return { subject: 'A recovery key was added', said: [said] }
    }
    case 'new browser': {
      const { userAgent } = notice
      const what = userAgent === null ? '' : ` It says that it is ${quoted(userAgent)}.`
      const said = `Somebody signed in as {handle} in a browser that was not used before.${what}`
      return { subject: 'A sign-in in a new browser', said: [said] }
    }
    case 'password changed':
      return { subject: 'Your password was changed', said: passwordChanged(notice) }
  }
}

const changed = (said: string) => ({
  subject: 'What it takes to sign in was changed',
  said: [said],
})

function passwordChanged(left: { passkeys: number; appPasswords: readonly string[] }): string[] {
  const said = ['The password of {handle} was changed, and all browsers and apps are signed out.']
  const { passkeys, appPasswords } = left
  const still = [
    ...(passkeys > 0 ? [passkeys === 1 ? 'one passkey' : `${passkeys} passkeys`] : []),
    ...(appPasswords.length > 0 ? [`app passwords: ${appPasswords.map(quoted).join(', ')}`] : []),
  ]
  if (still.length > 0) {
    said.push(`Still good for signing in: ${still.join('; ')}. Remove what is not yours.`)
  }
  return said
}

/** On one line, and no longer than a line. */
function quoted(text: string): string {
  const plain = plainLine(text)
  return `“${plain.length > MAX_QUOTED ? `${plain.slice(0, MAX_QUOTED)}…` : plain}”`
}
