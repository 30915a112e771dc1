/**
 * What mails say, in English: the other languages have the same entries, with the same names in braces. A name is
 * replaced once, by what belongs there; `{service}` is the host.
 */
export const en = {
  /** As in `Accept-Language` (BCP 47). */
  tag: 'en',
  /** Around what somebody typed. */
  quotes: { open: '“', close: '”' },

  tokens: {
    lifetime: 'It works once, within {minutes} minutes. Give it to nobody.',
    confirm_email: {
      subject: 'Confirm your email address on {service}',
      asked:
        'Somebody asked {service} to confirm that this is the email address of {handle}. If it was you, enter this code:',
      otherwise: 'If it was not you, do nothing: without the code, the address stays unconfirmed.',
    },
    update_email: {
      subject: 'Change your email address on {service}',
      asked:
        'Somebody asked {service} to change the email address of {handle}. If it was you, enter this code:',
      otherwise: 'If it was not you, do nothing: without the code, the address stays as it is.',
    },
    reset_password: {
      subject: 'Reset your password on {service}',
      asked:
        'Somebody asked {service} for a new password of {handle}. If it was you, enter this code:',
      otherwise: 'If it was not you, do nothing: without the code, the password stays as it is.',
    },
    delete_account: {
      subject: 'Delete your account on {service}',
      asked:
        'Somebody asked {service} to delete the account {handle}, for good. If it was you, enter this code:',
      otherwise: 'If it was not you, do nothing: without the code, the account stays as it is.',
    },
    plc_operation: {
      subject: 'Change your identity on {service}',
      asked:
        'Somebody asked {service} for a signature on a change of the identity (DID) of {handle}. If it was you, enter this code:',
      otherwise: 'If it was not you, do nothing: without the code, the identity stays as it is.',
    },
    sign_in: {
      subject: 'Sign in on {service}',
      asked:
        'Somebody asked {service} for a code to sign in, with the right password, as {handle}. If it was you, enter this code:',
      otherwise:
        'If it was not you, somebody knows your password: change it. Without the code, nobody signs in.',
    },
  },

  notices: {
    'passkey added': {
      subject: 'A passkey was added on {service}',
      said: 'A passkey was added to {handle}, named {name}. Whoever has it can sign in.',
    },
    'passkey removed': {
      subject: 'A passkey was removed on {service}',
      said: 'A passkey of {handle} was removed.',
    },
    'app password added': {
      subject: 'An app password was made on {service}',
      said: 'An app password was made for {handle}, named {name}.',
    },
    'authenticator app on': {
      subject: 'What it takes to sign in was changed on {service}',
      said: 'An authenticator app was set up for {handle}: signing in takes its codes.',
    },
    'authenticator app off': {
      subject: 'What it takes to sign in was changed on {service}',
      said: 'The authenticator app of {handle} was switched off: no codes of it are asked for.',
    },
    'codes by mail on': {
      subject: 'What it takes to sign in was changed on {service}',
      said: 'Codes by mail were switched on for {handle}.',
    },
    'codes by mail off': {
      subject: 'What it takes to sign in was changed on {service}',
      said: 'Codes by mail were switched off for {handle}.',
    },
    'recovery codes made': {
      subject: 'What it takes to sign in was changed on {service}',
      said: 'New recovery codes were made for {handle}; those before work no more.',
    },
    'email changed': {
      subject: 'Your email address was changed on {service}',
      said: 'The email address of {handle} was changed to {to}. This one is not used any more.',
    },
    'password changed': {
      subject: 'Your password was changed on {service}',
      said: 'The password of {handle} was changed, and all browsers and apps are signed out.',
    },
    'new browser': {
      subject: 'A sign-in in a new browser on {service}',
      said: 'Somebody signed in as {handle} in a browser that was not used before.',
    },
    'app sign-in': {
      subject: 'A sign-in with a new app on {service}',
      said: 'Somebody signed in as {handle} with the password, in an app or from a network that was not used before.',
    },
    'recovery key added': {
      subject: 'A recovery key was added on {service}',
      said: 'A recovery key was added to the identity (DID) of {handle}: {key}. Whoever holds it can undo changes of the identity, and take it to another host.',
    },
    'identity change signed': {
      subject: 'A change of your identity was signed on {service}',
      said: '{service} has signed a change of the identity (DID) of {handle}, as a code that was mailed to you was entered. With it the account can be taken to another host. A recovery key can undo it for 72 hours.',
    },
    'account taken down': {
      subject: 'Your account on {service} was taken down',
      said: 'The operator of {service} has taken the account {handle} down: others do not see it. Nothing was deleted.',
    },
    'account restored': {
      subject: 'Your account on {service} is back',
      said: 'The operator of {service} has given the account {handle} back: others see it again.',
    },
    'data downloaded': {
      subject: 'Your data were downloaded on {service}',
      said: 'All data of {handle} were downloaded as one file, on the page “Your data”.',
    },
  },

  /** Where the operator approves sign-ups. */
  signUps: {
    waiting: {
      subject: 'Your sign-up on {service} waits for approval',
      said: 'Your account {handle} on {service} was made. It waits for the approval of the operator, and nobody sees it before.',
      next: 'You are told by mail when it is decided on. Until then you can confirm your address, or delete the account: {url}',
    },
    approved: {
      subject: 'Your account on {service} was approved',
      said: 'Your account {handle} on {service} was approved.',
      next: 'You can sign in with any app of the network. Where it asks for the host, enter {host}.',
    },
    refused: {
      subject: 'Your sign-up on {service} was not approved',
      said: 'Your sign-up as {handle} on {service} was not approved, and all that was stored of it is deleted.',
      next: '{reason}',
    },
  },

  /** After a new password. */
  stillGood: 'Still good for signing in: {list}. Remove what is not yours.',
  stillPasskeys: 'passkeys: {count}',
  stillAppPasswords: 'app passwords: {names}',
  listSeparator: ', ',
  /** What a browser or app calls itself. */
  agent: 'It says that it is {agent}.',
  time: 'Time: {time}',
  ifNotYou:
    'If it was you, there is nothing to do. If not, change your password, and remove what is not yours at {url}.',
  questions: 'Questions? {contact}',
  turnOff: 'You can turn off mails about sign-ins: {url}',

  /** The page behind that link. */
  page: {
    title: 'Mails about sign-ins',
    on: 'A mail is sent when somebody signs in as {handle} in a new browser or app.',
    off: 'No mail is sent when somebody signs in as {handle} in a new browser or app. Other changes are still told.',
    turnOff: 'Turn off',
    turnOn: 'Turn on',
    badLink: 'This link is not complete. Open it again as it is in the mail.',
  },
}

/** A missing entry of another language is a type error. */
export type Strings = typeof en
