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
      /** Set when the handler takes the request body, which a query does not have. */
      usesInput?: Place
    })

export interface HandlerShape {
  syntaxError?: Place & { message: string }
  imports: LexImport[]
  export: DefaultExport
}
