/** What all generated files of types share. */

/** `T` without the members `K`; unlike `Omit` it keeps index signatures. */
export type OmitKey<T, K extends keyof T> = {
  [Key in keyof T as Key extends K ? never : Key]: T[Key]
}

/** Something that says its type, as a member of a union does. */
export type $Typed<V, T extends string = string> = V & { $type: T }

/** The same without. */
export type Un$Typed<V extends { $type?: string }> = OmitKey<V, '$type'>

/** The `$type` of a definition: `main` is not spelt out. */
export type $Type<Id extends string, Hash extends string> = Hash extends 'main'
  ? Id
  : `${Id}#${Hash}`

/** What is known of a `V` that says to be of this type: the member of a union that it is. */
export type $TypedObject<V, Id extends string, Hash extends string> = V extends {
  $type: $Type<Id, Hash>
}
  ? V
  : V extends { $type?: string }
    ? V extends { $type?: infer T extends $Type<Id, Hash> }
      ? V & { $type: T }
      : never
    : V & { $type: $Type<Id, Hash> }

/** Whether `v` says to be of this type. Nothing else of it is looked at. */
export function is$typed<V, Id extends string, Hash extends string>(
  v: V,
  id: Id,
  hash: Hash,
): v is $TypedObject<V, Id, Hash> {
  return isObject(v) && '$type' in v && v.$type === typeName(id, hash)
}

/** Whether `v` is an object that says to be of this type, or says none. */
export function maybe$typed<V, Id extends string, Hash extends string>(
  v: V,
  id: Id,
  hash: Hash,
): v is V & object & { $type?: $Type<Id, Hash> } {
  return isObject(v) && (!('$type' in v) || v.$type === undefined || v.$type === typeName(id, hash))
}

const typeName = (id: string, hash: string): string => (hash === 'main' ? id : `${id}#${hash}`)

const isObject = (v: unknown): v is object => typeof v === 'object' && v !== null
