/** What a handler file looks like from outside: all that is kept of it after reading. Plain data. */
import type { WrittenPermission } from '../../src/server/access.ts'

export interface Place {
  line: number
  column: number
}

/** Something to tell of a place. */
export type PlacedMessage = Place & { message: string }

/** An import of `define` or `errors` (or `*`) from `#lex/<nsid path>`. */
export interface LexImport extends Place {
  name: string
  /** The NSID that the module's path stands for. */
  nsid: string
}

/** A permission that a token must have, as it is written out in a handler; a method without `aud` is one of this host. */
export type Need = WrittenPermission

/** What the `oauth` of a handler demands of a token. */
export interface OAuthNeeds {
  needs: Need[]
  /** Whether it works out more while it runs. */
  open: boolean
  /** No token is enough. */
  never?: true
}

/** The default export, as far as it can be told without types. */
export type DefaultExport =
  | { is: 'missing' }
  /** Something that is not a call of a definer; `what` names it with its article. */
  | (Place & { is: 'other'; what: string })
  /** `define(…)`; `nsid` is the method whose definer it is. */
  | (Place & {
      is: 'definition'
      nsid: string
      /** Fields that an object literal without spread does not have. */
      missing: string[]
      /** Fields that cannot be what they should, such as a string for `handler`. */
      wrong: (Place & { field: string; what: string })[]
      /** The policy by its name, where the definition does not say what apps must have been allowed. */
      unsaid?: Place & { policy: string }
      oauth?: OAuthNeeds
      /** Set when the handler takes the request body, which a query does not have. */
      usesInput?: Place
    })

export interface HandlerShape {
  syntaxError?: PlacedMessage
  imports: LexImport[]
  export: DefaultExport
}
