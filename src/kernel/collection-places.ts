/** Places in records, as types: what an index can be made of, and what is there. */

/** Properties that a lexicon names; others may be there, and are not known. */
type Named<T> = keyof { [K in keyof T as string extends K ? never : K]: T[K] } & string

/** What has no places inside. */
type Whole =
  | readonly unknown[]
  | Uint8Array
  | { readonly code: number; readonly multihash: unknown }

/** Places of a record whose value is a text, a number or a boolean, such as `subject.uri`. */
export type Places<T, Depth extends readonly unknown[] = []> = Depth['length'] extends 4
  ? never
  : T extends string | number | boolean
    ? never
    : T extends Whole
      ? never
      : T extends object
        ? {
            [K in Named<T>]: K extends `$${string}` ? never : PlacesAt<K, NonNullable<T[K]>, Depth>
          }[Named<T>]
        : never

type PlacesAt<K extends string, V, Depth extends readonly unknown[]> = V extends
  | string
  | number
  | boolean
  ? K
  : `${K}.${Places<V, [...Depth, unknown]>}`

/** What an index of records `R` can be made of: places in the record, and parts of its address. */
export type IndexPlace<R> = Places<R> | '@did' | '@rkey'

/** The type of the value at a place. */
export type ValueAt<R, P extends string> = P extends '@did' | '@rkey'
  ? string
  : P extends `${infer K}.${infer Rest}`
    ? R extends object
      ? K extends keyof R
        ? ValueAt<NonNullable<R[K]>, Rest>
        : never
      : never
    : R extends object
      ? P extends keyof R
        ? NonNullable<R[P]>
        : never
      : never
