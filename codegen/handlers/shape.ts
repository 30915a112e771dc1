/** What a handler file looks like from outside: all that is kept of it after reading. Plain data. */

export interface Place {
  line: number
  column: number
}

/** An import of `define` or `errors` (or `*`) from `#lex/<nsid path>`. */
export interface LexImport extends Place {
  name: string
  /** The NSID that the module's path stands for. */
  nsid: string
}

/** A permission that a token must have, as it is written out in a handler; one of the first five says which. */
export interface Need {
  /** A collection, or `*`. */
  repo?: string
  /** A method; of this host where there is no `aud`. */
  rpc?: string
  /** A MIME type. */
  blob?: string
  account?: string
  identity?: string
  action?: string
  aud?: string
}

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
  syntaxError?: Place & { message: string }
  imports: LexImport[]
  export: DefaultExport
}
