/** Sessions, passwords, second factors and passkeys of one account. */
import type { AppPassword } from '../../storage/account/app-passwords.ts'
import type { BrowserSessionRow, SessionBrowser } from '../../storage/account/browser-sessions.ts'
import type { Passkey } from '../../storage/account/passkeys.ts'
import type { Account } from '../../storage/account/profile.ts'
import type { OpenSession } from '../../storage/account/sessions.ts'
import type { Answer } from '../answer.ts'
import type { OpenedSession } from './lifecycle.ts'

export interface SessionsRpc {
  /**
   * The account behind an access token, provided that its session is open.
   *
   * @param session the family that the token names; null for an OAuth token, which was looked up
   * @param evenTakendown whether an account that was taken down is let pass
   */
  authorize(session: string | null, evenTakendown: boolean): Answer<Account>
  /**
   * Opens a session, if `password` is the main one or an app password. A taken-down account gets one only
   * if it asks for it, with tokens that are good for moving away. App passwords are for apps that know no second
   * factor, and take none.
   *
   * @returns null when the password is wrong
   * @throws StorageError as `FactorsRpc.check`
   */
  open(
    password: string,
    options?: { allowTakendown?: boolean; code?: string },
  ): Answer<OpenedSession | null>
  /** How often the account was signed out everywhere: for what takes long, and is to be refused if it was again. */
  signOuts(): Answer<number>
  /** Trades the refresh token `id` for its successor. */
  refresh(id: string): Answer<OpenedSession>
  close(id: string): Answer<void>
  /**
   * Lets a request pass that only an operator may make, as far as the account is concerned: it is active, and an
   * authenticator app or a recovery code was shown when the session was opened.
   *
   * @param session the family that the token names
   * @throws StorageError `ExpiredToken`, `AuthenticationRequired`, `RepoNotFound`
   */
  authorizeOperator(session: string): Answer<void>
  /** Sessions that are open, the newest first. */
  list(): Answer<OpenSession[]>
  /** Ends one of them. */
  closeFamily(family: string): Answer<void>
}

export interface PasswordsRpc {
  /** Whether `password` is the main password, second factors aside. Takes some 60 ms of CPU. */
  verify(password: string): Answer<boolean>
  /**
   * Does the work of `verify` and finds nothing: asked of a stand-in when nobody has the name that was given, so that
   * it takes as long as for an account.
   *
   * @param options.apps as if app passwords were looked for, too
   * @param options.key stands for the name that was given, in place of the account's in the queue
   */
  pretend(password: string, options?: { apps?: boolean; key?: string }): Answer<void>
  /**
   * Sets the main password and signs out everywhere, browsers and apps included. Passkeys and app passwords stay, and
   * the owner is asked about them (`review`).
   *
   * @param resetToken hash of the mailed token that allows this: looked up after the password was hashed, and used up
   *   with the change, so that it is still good when there is none
   * @throws StorageError, XRPCError `InvalidToken`, `ExpiredToken`
   */
  set(password: string, resetToken?: string): Answer<void>
  /** Takes the password, app passwords and passkeys away, and signs out everywhere. A new password can be set. */
  revoke(): Answer<void>
  /** Since when the owner is to be asked about what a new password left: ms since 1970; null: not at all. */
  review(): Answer<number | null>
  /**
   * The owner has answered.
   *
   * @param remove whether passkeys and app passwords go, and with them all that browsers have opened
   * @param keep token of the browser session that stays
   */
  endReview(remove: boolean, keep?: string): Answer<void>
  addAppPassword(name: string, password: string, privileged: boolean): Answer<AppPassword>
  listAppPasswords(): Answer<AppPassword[]>
  /** Removes an app password and ends the sessions that it opened. */
  removeAppPassword(name: string): Answer<void>
}

/** What an account asks for beside the main password. */
export interface Factors {
  /** An authenticator app. */
  totp: boolean
  /** A code by mail. */
  email: boolean
  /** How many recovery codes are left. */
  recoveryCodes: number
}

/** How a new authenticator app is told what to show. */
export interface TotpSetup {
  /** `otpauth:` address, for a QR code. */
  uri: string
  /** Base32, to be typed. */
  secret: string
}

/** What was shown beside the main password; null: nothing was asked for. */
export type ShownFactor = 'app' | 'recovery code' | 'mail' | null

export interface FactorsRpc {
  get(): Answer<Factors>
  /**
   * Whether `password` is the main one, and `code` what is asked for beside it, which is used up.
   *
   * @returns null when the password is wrong
   * @throws StorageError as `check`; `AccountTakedown`
   */
  authenticate(password: string, code?: string): Answer<Account | null>
  /**
   * Demands what is asked for beside the main password, and uses it up.
   *
   * @throws StorageError `AuthFactorTokenRequired` (401) when there is no code, `AuthenticationRequired` (401)
   *   when it is wrong or was used before; `RateLimitExceeded` (429)
   */
  check(code: string | undefined): Answer<ShownFactor>
  /** Begins to set up an authenticator app; the one in use stays in use until `enableTotp`. */
  beginTotp(): Answer<TotpSetup>
  /** What `beginTotp` answered, for showing it again. @throws StorageError `InvalidRequest` */
  pendingTotp(): Answer<TotpSetup>
  /**
   * Puts the authenticator app into use, which a code of it shows to be set up rightly.
   *
   * @returns recovery codes, to be shown this once; none where there are some already
   * @throws StorageError `InvalidRequest`, `InvalidToken`
   */
  enableTotp(code: string): Answer<string[]>
  disableTotp(): Answer<void>
  /** @throws StorageError `InvalidRequest` when nobody has confirmed the address */
  setEmailFactor(on: boolean): Answer<void>
  /** Makes new recovery codes, to be shown this once; those before work no more. */
  renewRecoveryCodes(): Answer<string[]>
}

export interface PasskeysRpc {
  list(): Answer<Passkey[]>
  /**
   * Begins a registration.
   *
   * @param link token of a link, where the owner came by one; it stays good until a passkey is registered
   * @returns what `navigator.credentials.create` is called with, as JSON text
   * @throws StorageError `InvalidToken`
   */
  beginRegistration(link?: string): Answer<string>
  /**
   * Registers a passkey; uses up its challenge, and the link.
   *
   * @param answer what the browser answered, as JSON text
   * @throws StorageError `InvalidToken`, `InvalidRequest`; InvalidRequestError `InvalidPasskey`
   */
  register(name: string, answer: string, link?: string): Answer<void>
  rename(id: string, name: string): Answer<void>
  /**
   * Removes a passkey, and ends what browsers have opened, as nobody knows any more what was opened with it.
   *
   * @param keep token of the browser session that stays
   */
  remove(id: string, keep?: string): Answer<void>
  /**
   * Makes a link token, with which a passkey can be registered; the one before works no more.
   *
   * @returns the token, of which only a hash is kept
   */
  createLink(): Answer<string>
  /**
   * Whether a passkey of this account was used just now: a full sign-in, no code is asked for.
   *
   * @param id of the passkey
   * @param answer what the browser answered, as JSON text
   * @throws StorageError `AuthenticationRequired`, `AccountTakedown`; InvalidRequestError `InvalidPasskey`
   */
  authenticate(id: string, answer: string): Answer<Account>
}

/** What comes of a password on the account page. */
export type BrowserSignIn =
  /** Signed in; the token is for the browser's cookie. */
  | { token: string }
  /** The password was right. With the ticket and a code, `complete` signs in. */
  | { ticket: string; wanted: string }
  /** The password was wrong. */
  | null

/** Who is signed in to the account pages. */
export type SignedIn = Account & {
  /** Until when dangerous steps ask for no credentials, in ms since 1970. */
  freshUntil: number
  /** When a passkey, an authenticator app or a recovery code was last shown, in ms since 1970; null: never. */
  factorAt: number | null
}

/** Who is signed in to the account pages, in which browser. */
export interface BrowserSessionsRpc {
  /** Also for an account that was taken down: `find` and what is done by its holder say who may do what. */
  open(password: string, browser?: SessionBrowser): Answer<BrowserSignIn>
  /**
   * @param ticket from `open`; a wrong code does not use it up
   * @returns a token for the cookie
   * @throws StorageError `InvalidToken` for the ticket; as `FactorsRpc.check` for the code
   */
  complete(ticket: string, code: string, browser?: SessionBrowser): Answer<string>
  /** As `PasskeysRpc.authenticate`. @returns a token for the cookie */
  openByPasskey(id: string, answer: string, browser?: SessionBrowser): Answer<string>
  /**
   * What `openOnDevice` takes; to be asked before it is looked whether the account is signed in on the device.
   *
   * @returns null while the OAuth provider has yet to hear of a sign-out: what it says of devices does not count
   */
  beginOnDevice(): Answer<number | null>
  /**
   * Opens a session for a browser in which the account is signed in with the OAuth provider.
   *
   * @param begun from `beginOnDevice`
   * @param signedInAt when credentials were shown there, in ms since 1970
   * @returns a token for the cookie
   * @throws StorageError `AuthenticationRequired` when the account was signed out meanwhile, `AccountTakedown`
   */
  openOnDevice(begun: number, signedInAt: number, browser: SessionBrowser): Answer<string>
  /**
   * Whoever has the token in their cookie shows the password again, and a code where one is asked for.
   *
   * @returns false: the password is wrong
   * @throws StorageError `AuthenticationRequired` when the session is over; as `FactorsRpc.check`
   */
  confirm(token: string, password: string, code?: string): Answer<boolean>
  /**
   * An authenticator app or a recovery code is shown in a session that is open.
   *
   * @throws StorageError `AuthenticationRequired` also where there is nothing to be shown; as `FactorsRpc.check`
   */
  showCode(token: string, code: string): Answer<void>
  /** A passkey is shown in a session that is open, which is both. @throws as `PasskeysRpc.authenticate`, too */
  confirmByPasskey(token: string, id: string, answer: string): Answer<void>
  /**
   * Whoever has the token in their cookie, or null when the session is over.
   *
   * @param evenTakendown whether that counts for an account that was taken down, which may take its data away
   */
  find(token: string, evenTakendown?: boolean): Answer<SignedIn | null>
  /** Sessions that are open; the hash stands for one. */
  list(): Answer<BrowserSessionRow[]>
  /** The browser of a session stays signed in with the OAuth provider, as this device. */
  bindDevice(token: string, device: string): Answer<void>
  /** The device on which a session is signed in with the OAuth provider. */
  deviceOf(token: string): Answer<string | undefined>
  close(token: string): Answer<void>
  /** @param hash as `list` gives it */
  closeByHash(hash: string): Answer<void>
  /** Ends sessions of a browser that the OAuth provider knows as this device. */
  closeOfDevice(device: string): Answer<void>
}

/** What an operator ends for an account. */
export interface AccessRpc {
  /** Ends all sessions, of apps and of browsers. */
  endSessions(): Answer<void>
  /**
   * Takes everything away that is asked for beside the password, passkeys included, and ends all sessions: for somebody
   * who has lost them. The password, and app passwords, stay.
   */
  resetFactors(): Answer<void>
}
